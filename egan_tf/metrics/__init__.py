"""Metrics of sample quality; every record states its protocol.

    from egan_tf import Sampler, data
    from egan_tf.metrics.evaluate import evaluate
    from egan_tf.metrics.extractors import load_extractor

    real = data.load("fashion_mnist", "data")
    cnn = load_extractor("cnn", real, "data")
    evaluate(Sampler("saved_models/fashion_mnist").batches, real, ["frechet_distance", "recall"], extractor=cnn)

Metrics are named in `registry.METRICS`, extractors in `extractors.EXTRACTORS`. The formulas (`mixtures`, `frechet`,
`kernel`, `neighbours`, `scores`) need numpy only.
"""
