/* From noise to pixels: what Sampler and to_pixels of egan_tf do. */
(function () {
  "use strict";

  const ROWS = 16; // of a call: between calls the browser can draw

  async function read(file) {
    const response = await fetch(file);
    if (!response.ok) {
      throw new Error(`cannot load ${file}: status ${response.status}`);
    }
    return response;
  }

  /** True if `bytes` have the SHA-256, false if this browser cannot say, as over plain http; throws for another. */
  async function check(file, bytes, sha256) {
    if (!globalThis.crypto?.subtle) {
      return false;
    }
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
    const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
    if (found !== sha256) {
      throw new Error(`${file} is damaged or changed: its SHA-256 is ${found}, not ${sha256}; write the page again`);
    }
    return true;
  }

  /** Loads the generator, compares it with its SHA-256, and checks that this browser makes its noise. */
  async function open() {
    const spec = await (await read("generator.json")).json();
    eganNoise.check(spec.noise);
    const [model, wasm] = await Promise.all(
      ["generator.onnx", "onnxruntime/ort-wasm.wasm"].map(async (file) => (await read(file)).arrayBuffer())
    );
    const checked = await check("generator.onnx", model, spec.sha256); // before it is opened
    // More threads need headers that plain file servers do not send.
    ort.env.wasm.numThreads = 1;
    ort.env.wasm.wasmBinary = wasm;
    ort.env.wasm.wasmPaths = { mjs: new URL("onnxruntime/ort-wasm.js", document.baseURI).href };
    ort.env.logLevel = "error";
    const session = await ort.InferenceSession.create(model, { executionProviders: ["wasm"] });
    return { spec, session, checked };
  }

  /** The noise of samples start to start + count - 1: rows, one after the other. */
  function noise({ noise, latent_size }, seed, start, count) {
    return eganNoise.rows(noise.distribution, seed, start, count, latent_size);
  }

  /** One ImageData for each row of noise; `labels` has one number for each, or is null. */
  async function images({ spec, session }, rows, labels) {
    const count = rows.length / spec.latent_size, found = [];
    for (let first = 0; first < count; first += ROWS) {
      const last = Math.min(first + ROWS, count);
      const part = rows.slice(first * spec.latent_size, last * spec.latent_size);
      const inputs = { noise: new ort.Tensor("float32", part, [last - first, spec.latent_size]) };
      if (spec.classes) {
        inputs.labels = new ort.Tensor("int32", Int32Array.from(labels.slice(first, last)), [last - first]);
      }
      const { samples } = await session.run(inputs);
      if (!samples.data.every(Number.isFinite)) {
        throw new Error("the generator made numbers that are not finite");
      }
      const size = samples.data.length / (last - first);
      for (let i = 0; i < last - first; i++) {
        found.push(toImage(samples.data.subarray(i * size, (i + 1) * size), spec));
      }
    }
    return found;
  }

  /** Values of one sample [H, W, C] in their range as bytes. */
  function toImage(values, { sample_shape: [height, width, channels], value_range: [low, high] }) {
    const image = new ImageData(width, height);
    const factor = 255 / (high - low);
    for (let pixel = 0; pixel < width * height; pixel++) {
      for (let channel = 0; channel < 4; channel++) {
        const from = channels === 1 ? 0 : channel; // grey is equal red, green and blue
        const opaque = channel === 3 && channels !== 4;
        // An ImageData rounds half to even, and clips.
        image.data[4 * pixel + channel] = opaque ? 255 : (values[pixel * channels + from] - low) * factor;
      }
    }
    return image;
  }

  globalThis.eganSampler = { open, noise, images };
})();
