/* The controls of the page. */
(function () {
  "use strict";

  const ALL = "all"; // value of the choice of all classes in turn
  const GRID_SIDE = 560, WALK_SIDE = 320; // pixels of the screen, at most, that small images are enlarged to
  const at = (id) => document.getElementById(id);
  let generator = null;

  function say(text) {
    at("status").textContent = text;
  }

  function fail(error) {
    at("error").textContent = `Error: ${error.message || error}`;
    at("error").hidden = false;
    say("");
  }

  /** Does `work`, and shows its error in the page; whether it was done. */
  async function shown(work) {
    at("error").hidden = true;
    try {
      await work();
      return true;
    } catch (error) {
      fail(error);
      return false;
    }
  }

  function className(label) {
    return generator.spec.class_names[label] ?? String(label);
  }

  /** The label of sample `i` of those shown. */
  function labelOf(select, i) {
    return select.value === ALL ? i % generator.spec.classes : Number(select.value);
  }

  /** Draws images as a grid of `columns`, a pixel apart, on a canvas of their own resolution. */
  async function drawGrid(canvas, images, columns, side) {
    const { width, height } = images[0], rows = Math.ceil(images.length / columns);
    const bitmaps = await Promise.all(images.map((image) => createImageBitmap(image)));
    canvas.width = columns * (width + 1) - 1;
    canvas.height = rows * (height + 1) - 1;
    const context = canvas.getContext("2d");
    context.fillStyle = "#ffffff"; // below transparent pixels
    bitmaps.forEach((bitmap, i) => {
      const x = (i % columns) * (width + 1), y = Math.floor(i / columns) * (height + 1);
      context.fillRect(x, y, width, height);
      context.drawImage(bitmap, x, y);
      bitmap.close();
    });
    canvas.style.width = `${canvas.width * Math.max(1, Math.floor(side / canvas.width))}px`;
    canvas.style.imageRendering = canvas.width * 2 <= side ? "pixelated" : "auto";
  }

  async function drawSamples() {
    const { spec } = generator;
    const seed = BigInt(at("seed").value), start = BigInt(at("start").value), count = Number(at("count").value);
    const labels = spec.classes ? Array.from({ length: count }, (_, i) => labelOf(at("label"), i)) : null;
    say("Drawing …");
    const images = await eganSampler.images(generator, eganSampler.noise(spec, seed, start, count), labels);
    const all = at("label").value === ALL, square = Math.ceil(Math.sqrt(count));
    await drawGrid(at("samples"), images, all && spec.classes <= 16 ? Math.min(count, spec.classes) : square, GRID_SIDE);
    const ofClass = !labels ? "" : all ? ", all classes in turn" : `, class ${className(labels[0])}`;
    const named = `${count} ${count === 1 ? "sample" : "samples"} of seed ${seed} from number ${start}${ofClass}`;
    at("samples").setAttribute("aria-label", named);
    at("samples").dataset.seed = seed;
    at("same").hidden = labels !== null && all;
    at("command").textContent =
      `egan-sample generator.onnx --count ${count} --seed ${seed}${start > 0n ? ` --start ${start}` : ""}` +
      `${labels ? ` --label ${spec.class_numbers[labels[0]]}` : ""} --out grid.png`;
    say(`Drawn: ${named}.`);
  }

  async function drawWalk() {
    const { spec } = generator, percent = Number(at("way").value);
    const ends = ["from", "to"].map((id) => eganSampler.noise(spec, BigInt(at(id).value), 0, 1));
    const point = eganWalk.interpolate(...ends, percent / 100, spec.noise.distribution);
    const labels = spec.classes ? [labelOf(at("walk-label"), 0)] : null;
    await drawGrid(at("walk"), await eganSampler.images(generator, point, labels), 1, WALK_SIDE);
    const ofClass = labels ? `, class ${className(labels[0])}` : "";
    at("walk").setAttribute(
      "aria-label", `Sample at ${percent} % of the way from seed ${at("from").value} to seed ${at("to").value}${ofClass}`
    );
  }

  // onnxruntime runs one call at a time.
  let last = Promise.resolve();
  function once(work) {
    const done = last.then(work);
    last = done.catch(() => {});
    return done;
  }

  /** A function that does `work` for what a form says, once for the same; states passed meanwhile are left out. */
  function follower(form, work) {
    let drawn = null, running = null;
    const state = () => [...form.elements].map((control) => control.value).join(" ");
    const run = async () => {
      while (form.checkValidity() && drawn !== state()) {
        drawn = state();
        if (!(await shown(() => once(work)))) {
          drawn = null; // the same may be tried again
          return;
        }
      }
    };
    return () => {
      running ??= run().finally(() => (running = null));
      return running;
    };
  }

  function addNextSeed(redraw) {
    at("next").addEventListener("click", () => {
      if (at("seed").reportValidity()) {
        at("seed").value = String(BigInt(at("seed").value) + 1n);
        redraw();
      }
    });
  }

  function save() {
    const canvas = at("samples"), large = document.createElement("canvas");
    if (canvas.dataset.seed === undefined) {
      return; // nothing is drawn yet
    }
    const [height, width] = generator.spec.sample_shape;
    const factor = Math.ceil(48 / Math.max(height, width));
    large.width = canvas.width * factor;
    large.height = canvas.height * factor;
    const context = large.getContext("2d");
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, large.width, large.height);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, large.width, large.height);
    const link = document.createElement("a");
    link.download = `${generator.spec.name}-seed-${canvas.dataset.seed}.png`;
    link.href = large.toDataURL("image/png");
    link.click();
  }

  function fillClasses() {
    for (const [field, select, all] of [["label-field", "label", true], ["walk-label-field", "walk-label", false]]) {
      at(field).hidden = false;
      if (all) {
        at(select).add(new Option("all in turn", ALL));
      }
      for (let label = 0; label < generator.spec.classes; label++) {
        at(select).add(new Option(className(label), label));
      }
    }
  }

  async function begin() {
    if (location.protocol === "file:") {
      throw new Error("browsers load no generator from a file; serve the folder: python -m http.server");
    }
    generator = await eganSampler.open();
    const { spec } = generator, [height, width] = spec.sample_shape;
    at("about").textContent =
      `A generator of images of ${width} × ${height} pixels that runs in this browser. Nothing is sent anywhere.`;
    at("sha256").textContent = spec.sha256;
    at("checked").textContent =
      generator.checked ? "(checked)" : "(not checked: browsers can do so over https and on localhost only)";
    if (spec.classes) {
      fillClasses();
    }
    document.querySelectorAll("[disabled]").forEach((control) => (control.disabled = false));
    const redraw = follower(at("samples-form"), drawSamples), follow = follower(at("walk-form"), drawWalk);
    for (const form of [at("samples-form"), at("walk-form")]) {
      form.addEventListener("submit", (event) => event.preventDefault());
      form.addEventListener("change", () => form.reportValidity());
    }
    at("samples-form").addEventListener("submit", redraw);
    at("samples-form").addEventListener("change", redraw);
    at("walk-form").addEventListener("input", () => {
      at("percent").value = `${at("way").value} %`;
      follow();
    });
    addNextSeed(redraw);
    at("save").addEventListener("click", save);
    await redraw();
    await follow();
  }

  shown(begin);
})();
