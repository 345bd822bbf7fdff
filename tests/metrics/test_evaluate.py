from __future__ import annotations

import json
import tracemalloc

import numpy as np
import pytest

from egan_tf import Sampler
from egan_tf.data import GaussianMixture, ImageDataset, load
from egan_tf.metrics.evaluate import check_metrics, evaluate
from egan_tf.metrics.extractors import Extractor, load_extractor
from egan_tf.metrics.extractors.pixels import Pixels
from egan_tf.metrics.frechet import Moments, frechet_distance
from egan_tf.metrics.measurement import alike, measurement_of
from egan_tf.metrics.mixtures import mode_coverage
from egan_tf.metrics.reference import real_images
from egan_tf.metrics.registry import METRICS, Metric, MetricInputs, MetricValue, format_count
from egan_tf.metrics.sources import from_sample_fn
from egan_tf.utils.checks import InputError
from tests.metrics.conftest import SIDE, striped
from tests.sampling.onnx_files import IMAGE, build, put

OF_POINTS = [name for name, metric in METRICS.items() if metric.points]
OF_IMAGES = [name for name, metric in METRICS.items() if not metric.points]
KEYS = {
    *("metric", "kind", "value", "deviation", "problem", "n_real", "n_fake", "dataset", "fingerprint", "split"),
    *("extractor", "extractor_hash", "resize", "protocol", "batchnorm", "seed", "step"),
}


@pytest.fixture(scope="module")
def ring() -> GaussianMixture:
    return load("ring8", "unused")


@pytest.fixture(scope="module")
def cnn(stripes, tmp_path_factory) -> Extractor:
    return load_extractor("cnn", stripes, tmp_path_factory.mktemp("data"))


def noise_images(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (count, SIDE, SIDE, 1)).astype("float32")


def by_kind(records: list[dict]) -> dict[str, float]:
    return {record["kind"]: record["value"] for record in records}


def fixed(samples: np.ndarray, batch: int = 64):
    """A source that always yields the given samples."""
    return lambda count, seed: (samples[start : start + batch] for start in range(0, count, batch))


def test_a_perfect_sampler_of_a_mixture(ring):
    found = by_kind(evaluate(from_sample_fn(ring.sample), ring, OF_POINTS, count=5000, seed=3))
    assert found["modes_covered"] == 8
    assert found["high_quality_share"] == pytest.approx(0.98889, abs=5 * np.sqrt(0.0111 / 5000))
    assert 0 <= found["mode_divergence"] < 0.005
    assert abs(found["mixture_mmd"]) < 0.001


def test_the_real_points_of_a_mixture_differ_from_the_samples_of_the_same_seed(ring, monkeypatch):
    def shared(inputs: MetricInputs) -> MetricValue:
        return MetricValue(len(set(map(tuple, inputs.real.features)) & set(map(tuple, inputs.fake.features))))

    monkeypatch.setitem(METRICS, "shared", Metric(shared, "shared", "", frozenset({"features"}), points=True))
    for seed in range(3):
        (record,) = evaluate(lambda count, seed: [ring.sample(count, seed)], ring, ["shared"], count=200, seed=seed)
        assert record["value"] == 0 and record["n_real"] == 200


@pytest.mark.parametrize("batch", [1, 64, 1000])
def test_the_batch_size_makes_no_difference(stripes, cnn, batch):
    fakes = np.concatenate([noise_images(120, 0), next(real_images(striped(80, 5), 80))])
    (whole, parts) = (
        by_kind(evaluate(fixed(fakes, size), stripes, OF_IMAGES, count=200, extractor=cnn)) for size in (200, batch)
    )
    assert parts == pytest.approx(whole, rel=1e-3)
    assert set(whole) == set(OF_IMAGES)


def test_records_state_their_protocol(stripes, cnn):
    settings = {"count": 1000, "real_count": 100, "seed": 7, "extractor": cnn, "step": 90}
    records = evaluate(from_sample_fn(noise_images), stripes, OF_IMAGES, **settings)
    assert [record["kind"] for record in records] == OF_IMAGES
    names = {record["kind"]: record["metric"] for record in records}
    assert names["frechet_distance"] == "fd_striped_cnn_1k"
    assert names["kernel_distance"] == "kd_striped_cnn_1k"
    assert names["classifier_score"] == "cs_striped_cnn_1k"
    assert names["precision"] == "precision_striped_cnn_1k"
    for record in records:
        assert set(record) == KEYS
        assert record["n_real"] == (0 if record["kind"] == "classifier_score" else 100)
        assert (record["n_fake"], record["seed"], record["step"]) == (1000, 7, 90)
        assert (record["dataset"], record["split"]) == ("striped", "train")
        assert (record["extractor"], record["extractor_hash"]) == ("striped_cnn", cnn.hash)
        assert (record["resize"], record["batchnorm"], record["problem"]) == ("none", "inference", None)
        assert len(record["protocol"]) > 20
        assert json.loads(json.dumps(record, allow_nan=False)) == record
    assert not any(word in name for name in names.values() for word in ("fid", "kid", "is_", "inception"))


def test_only_the_official_graph_gives_fid_kid_and_inception_score():
    extractor = Pixels((8, 8, 1))
    extractor.official = True
    extractor.name = "inception"
    names = [METRICS[name].reported_name(extractor, 50_000) for name in OF_IMAGES]
    assert names[:2] == ["fid_50k", "kid_50k"] and names[-1] == "is_50k"
    assert "precision_inception_50k" in names
    assert [format_count(count) for count in (1000, 10_000, 1500, 100)] == ["1k", "10k", "1500", "100"]


def test_values_agree_with_the_formulas(stripes, ring):
    fakes = noise_images(600, 0)
    (record,) = evaluate(fixed(fakes), stripes, ["frechet_distance"], count=600, extractor=Pixels(stripes.shape))
    flat = [
        values.reshape(600, -1) for values in (stripes.images / 127.5 - 1, np.rint(fakes * 127.5 + 127.5) / 127.5 - 1)
    ]
    assert record["value"] == pytest.approx(frechet_distance(*map(Moments.from_features, flat)), rel=1e-5)

    narrow = ring.modes[np.arange(300) % 3]
    found = by_kind(evaluate(fixed(narrow), ring, OF_POINTS, count=300))
    expected = mode_coverage(narrow, ring.modes, ring.sigma)
    assert (found["modes_covered"], found["high_quality_share"]) == (3, 1)
    assert found["mode_divergence"] == pytest.approx(expected.divergence)


def test_every_metric_of_images_prefers_real_images_to_noise(stripes, cnn):
    fresh = np.concatenate(list(real_images(striped(300, 5), 300)))
    good, bad = (
        by_kind(evaluate(source, stripes, OF_IMAGES, count=300, extractor=cnn))
        for source in (fixed(fresh), from_sample_fn(noise_images))
    )
    for name in OF_IMAGES:
        better = good[name] > bad[name] if METRICS[name].higher_is_better else good[name] < bad[name]
        assert better, name


def test_memory_does_not_grow_with_the_number_of_samples(stripes):
    """Peak memory of numpy for 2,000 and for 40,000 images (0.5 MB and 10 MB as floats)."""
    peaks = []
    for count in (2000, 40_000):
        tracemalloc.start()
        source, extractor = from_sample_fn(noise_images), Pixels(stripes.shape)
        evaluate(source, stripes, ["frechet_distance"], count=count, extractor=extractor)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 1_000_000


def test_every_metric_accepts_ten_samples(stripes, ring, cnn):
    images, points = (stripes, noise_images, OF_IMAGES, cnn), (ring, ring.sample, OF_POINTS, None)
    for dataset, sample_fn, names, extractor in (images, points):
        for record in evaluate(from_sample_fn(sample_fn), dataset, names, count=10, extractor=extractor):
            assert np.isfinite(record["value"]), record["kind"]


def test_a_value_that_overflows_is_none_with_a_reason(ring):
    far = np.full((20, 2), 1e200)
    (record,) = evaluate(fixed(far), ring, ["mixture_mmd"], count=20)
    assert record["value"] is None and "too large" in record["problem"]


def test_the_value_of_samples_that_are_not_finite_is_none_with_a_reason(stripes, ring):
    for dataset, names, extractor in ((stripes, ["frechet_distance"], Pixels(stripes.shape)), (ring, OF_POINTS, None)):
        samples = np.zeros((100, *dataset.shape), "float32")
        samples[70] = np.nan
        for record in evaluate(fixed(samples), dataset, names, count=100, extractor=extractor):
            assert record["value"] is None and record["problem"] == "the samples are not finite numbers"


def test_the_value_of_images_out_of_range_is_none_with_a_reason(stripes):
    samples = np.zeros((100, *stripes.shape), "float32")
    samples[70, 0, 0] = 1.02
    (record,) = evaluate(fixed(samples), stripes, ["frechet_distance"], count=100, extractor=Pixels(stripes.shape))
    assert record["value"] is None and record["problem"].startswith(
        "the samples must be in [-1, 1], and are in 0 to 1.02"
    )
    samples[70, 0, 0] = 1.005
    (record,) = evaluate(fixed(samples), stripes, ["frechet_distance"], count=100, extractor=Pixels(stripes.shape))
    assert record["value"] is not None


def test_values_on_other_data_of_the_same_name_do_not_compare(stripes):
    def measured(dataset: ImageDataset) -> dict:
        return measurement_of(METRICS["precision"], dataset, Pixels(stripes.shape), count=99, real_count=99, seed=0)

    same, other = ImageDataset("one", stripes.images), ImageDataset("one", stripes.images[::-1])
    assert alike(measured(same), measured(ImageDataset("one", stripes.images)))
    assert not alike(measured(same), measured(other))
    older = {name: value for name, value in measured(same).items() if name != "fingerprint"}
    assert alike(older, measured(other)) and alike(measured(other), older), "older records do not say"
    assert alike(None, None) and not alike(None, older)


def test_bad_input_is_named(stripes, ring, tmp_path):
    pixels, good = Pixels(stripes.shape), from_sample_fn(noise_images)
    plain = ImageDataset("plain", stripes.images)
    for field, call in [
        ("metrics: .*did you mean 'precision'", lambda: evaluate(good, stripes, ["precison"], extractor=pixels)),
        ("metrics: .*at least one", lambda: evaluate(good, stripes, [], extractor=pixels)),
        ("metrics: .*in a list", lambda: evaluate(good, stripes, "precision", extractor=pixels)),
        ("metrics: modes_covered is of points", lambda: evaluate(good, stripes, ["modes_covered"], extractor=pixels)),
        ("metrics: recall is of images", lambda: evaluate(good, ring, ["recall"], extractor=pixels)),
        ("extractor: must be None for ring8", lambda: evaluate(good, ring, OF_POINTS, extractor=pixels)),
        ("extractor: recall needs one", lambda: evaluate(good, stripes, ["recall"])),
        ("extractor: pixels gives no class", lambda: evaluate(good, plain, ["classifier_score"], extractor=pixels)),
        ("count: ", lambda: evaluate(good, stripes, ["recall"], extractor=pixels, count=0)),
        ("count: .*at least 10", lambda: evaluate(good, stripes, ["recall"], extractor=pixels, count=9)),
        ("real_count: ", lambda: evaluate(good, stripes, ["recall"], extractor=pixels, real_count=9)),
        ("seed: ", lambda: evaluate(good, stripes, ["recall"], extractor=pixels, seed=-1)),
        ("samples: .*each, got", lambda: evaluate(from_sample_fn(ring.sample), stripes, ["recall"], extractor=pixels)),
        (
            "samples: must be 99, got 90",
            lambda: evaluate(fixed(noise_images(90, 0)), stripes, ["recall"], extractor=pixels, count=99),
        ),
        (
            "samples: must be 99, got at least 128",
            lambda: evaluate(fixed(noise_images(128, 0)), stripes, ["recall"], extractor=pixels, count=99),
        ),
    ]:
        with pytest.raises(InputError, match=f"^{field}"):
            call()


def test_an_exported_generator_is_evaluated_through_its_sampler(stripes, tmp_path):
    sampler = Sampler(put(tmp_path, build(IMAGE)), batch_size=64)
    pixels = Pixels(stripes.shape)
    found, whole = (
        by_kind(evaluate(blocks, stripes, ["frechet_distance"], count=150, seed=4, extractor=pixels))
        for blocks in (sampler.batches, lambda count, seed: [sampler.sample(count, seed)])
    )
    assert found["frechet_distance"] == pytest.approx(whole["frechet_distance"], rel=1e-9)


@pytest.mark.parametrize("name", METRICS)
def test_covariances_of_too_many_features_are_refused(name):
    if METRICS[name].points:
        return
    large = ImageDataset("large", np.zeros((30, 40, 40, 3), np.uint8))
    pixels = load_extractor("pixels", large, "unused")
    refused = "moments" in METRICS[name].needs or "probabilities" in METRICS[name].needs
    if not refused:
        check_metrics([name], large, pixels)
        return
    with pytest.raises(InputError, match="^extractor: pixels gives (4,800 features|no class probabilities)"):
        check_metrics([name], large, pixels)
