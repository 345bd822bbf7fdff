"""Exports nothing: writes the card that `egan-export` would, as far as a study reads it.

`python fake_exporter.py RUN --checkpoint best --name NAME --models-dir DIR [--overwrite]`. A file counts the exports.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from egan_tf.export.card import CARD_FORMAT, file_table
from egan_tf.search.outcome import best_of, values_of
from egan_tf.training.config_file import read_config
from egan_tf.training.export_place import exported_as

run, _, _, _, name, _, models_dir, *overwrite = sys.argv[1:]
config, model = exported_as(read_config(Path(run)), name, Path(models_dir)), Path(models_dir) / name
if model.exists() and not overwrite:
    print(f"egan-export: error: name: {model} exists; --overwrite replaces it", file=sys.stderr)
    sys.exit(2)
model.mkdir(parents=True, exist_ok=True)
count = model / "count.txt"
count.write_text(str(int(count.read_text()) + 1 if count.exists() else 1))
(model / "card.json").unlink(missing_ok=True)
kept = [json.loads(path.read_text()) for path in Path(run).glob("checkpoints/*/manifest.json")]
best = best_of(values_of(Path(run), "frechet_distance"), False)
assert best is not None
generation = max(kept, key=lambda one: one["score"])["generation"] if kept else best[0]
card = {"format": CARD_FORMAT, "config": config.public(), "steps": generation, "files": file_table(model)}
(model / "card.json").write_text(json.dumps(card))
