/* The noise `philox4x32`, version 1, of exports of egan_tf: the same bits as in Python; docs/noise.md specifies them.
 *
 *   <script src="noise.js"></script>      then eganNoise.rows(...)
 *   import "./noise.js";                  in an ES module; then globalThis.eganNoise.rows(...)
 *   const eganNoise = require("./noise.js");
 *
 * No dependency. Integers are doubles below 2^53; a product of two words is split into halves that fit. */
(function () {
  "use strict";

  const WORD = 0x100000000;
  const MAX_SAMPLES = 0x8000000000000000n; // of a seed
  const LN_2 = 2977044472;
  const LOG = [2977044404, 1317911388, 829238574, 598532643, 451333531, 319049833, 181532274, 68260113, 12088890];
  const SINE = [3373259408, 1387196506, 171132282, 10036837, 325312];

  /** The high word of the product of two words. */
  function high(a, b) {
    const a1 = a >>> 16, a0 = a & 0xffff, b1 = b >>> 16, b0 = b & 0xffff;
    const middle = a1 * b0 + ((a0 * b0) >>> 16);
    const carried = a0 * b1 + (middle % 0x10000);
    return a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000);
  }

  /** Philox4x32-10: four words of a counter of four words and a key of two. */
  function philox(counter, key) {
    let [c0, c1, c2, c3] = counter;
    let [k0, k1] = key;
    for (let round = 0; round < 10; round++) {
      const high0 = high(0xd2511f53, c0), low0 = Math.imul(0xd2511f53, c0);
      const high1 = high(0xcd9e8d57, c2), low1 = Math.imul(0xcd9e8d57, c2);
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1 >>> 0;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0 >>> 0;
      k0 = (k0 + 0x9e3779b9) >>> 0;
      k1 = (k1 + 0xbb67ae85) >>> 0;
    }
    return [c0, c1, c2, c3];
  }

  /** An integer of at least 0, given as a safe number or a BigInt, as a BigInt. */
  function whole(name, value) {
    const valid = typeof value === "bigint" || (typeof value === "number" && Number.isSafeInteger(value));
    if (!valid || value < 0) {
      throw new RangeError(`${name}: must be a whole number from 0 (a BigInt above 2^53 - 1), got ${value}`);
    }
    return BigInt(value);
  }

  function halves(value) {
    return [Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn)];
  }

  /** The key of a seed: its two words below 2^64; all 64-bit parts of a longer one, hashed. */
  function keyOf(seed) {
    let rest = whole("seed", seed);
    let key = halves(rest);
    for (let i = 1; (rest >>= 64n) > 0n; i++) {
      key = philox([...halves(rest), i, 0xffffffff], key).slice(0, 2);
    }
    return key;
  }

  function uniform(words, numbers) {
    for (let i = 0; i < 4; i++) {
      numbers[i] = (2 * (words[i] >>> 8) + 1 - 0x1000000) / 0x1000000;
    }
  }

  /** c_0 - c_1 x + c_2 x^2 - ... of a word x in units of 2^-32. */
  function polynomial(x, coefficients) {
    let value = coefficients[coefficients.length - 1];
    for (let i = coefficients.length - 2; i >= 0; i--) {
      value = coefficients[i] - high(value, x);
    }
    return value;
  }

  function sine(x) {
    return high(x, polynomial(high(x, x), SINE));
  }

  function normal(words, numbers) {
    for (let i = 0; i < 4; i += 2) {
      const word = words[i], angle = words[i + 1];
      const zeros = Math.clz32(word);
      const f = word === 0 ? 0 : (((word << 1) | 1) << zeros) >>> 0; // a shift by 32 would be one by 0
      const t = (~f | 1) >>> 0;
      const logarithm = zeros * LN_2 + high(t, polynomial(f, LOG));
      const radius = Math.sqrt(2 * logarithm + 1);
      const x = ((angle << 2) | 2) >>> 0;
      const cosine = (sine(WORD - x) * radius) / 2 ** 47, other = (sine(x) * radius) / 2 ** 47;
      numbers[i] = angle & 0x80000000 ? -cosine : cosine;
      numbers[i + 1] = angle & 0x40000000 ? -other : other;
    }
  }

  const MAPS = { normal, uniform };

  function mapOf(distribution) {
    if (!Object.hasOwn(MAPS, distribution)) {
      throw new RangeError(`distribution: must be normal or uniform, got ${distribution}`);
    }
    return MAPS[distribution];
  }

  /** The four numbers of a block's four words. */
  function blockNumbers(distribution, words) {
    const numbers = [0, 0, 0, 0];
    mapOf(distribution)(words, numbers);
    return Float32Array.from(numbers);
  }

  /**
   * The noise of samples start to start + count - 1.
   *
   * @param {string} distribution "normal" or "uniform"
   * @param {number|bigint} seed at least 0
   * @param {number|bigint} start at least 0, and start + count at most 2^63
   * @param {number|bigint} count
   * @param {number} size numbers of a sample
   * @returns {Float32Array} count rows of size numbers, one after the other
   */
  function rows(distribution, seed, start, count, size) {
    const map = mapOf(distribution);
    whole("size", size);
    const key = keyOf(seed), first = whole("start", start);
    if (first + whole("count", count) > MAX_SAMPLES) {
      throw new RangeError(`start: a seed has 2^63 samples, not ${count} from number ${start}`);
    }
    const found = new Float32Array(Number(count) * Number(size)), numbers = [0, 0, 0, 0];
    for (let row = 0; row < count; row++) {
      const sample = halves(first + BigInt(row));
      for (let column = 0; column < size; column++) {
        if (column % 4 === 0) {
          map(philox([...sample, column / 4, 0], key), numbers);
        }
        found[row * Number(size) + column] = numbers[column % 4];
      }
    }
    return found;
  }

  /**
   * Whether this machine makes the numbers that a card states.
   *
   * @param {object} noise the entry `noise` of a card.json
   * @throws {Error} if it is another noise, or one number differs
   */
  function check(noise) {
    if (noise.name !== "philox4x32" || noise.version !== 1) {
      throw new Error(`noise: is ${noise.name}, version ${noise.version}, not philox4x32, version 1`);
    }
    for (const { seed, start, numbers } of noise.test_vectors) {
      const found = rows(noise.distribution, seed, start, 1, numbers.length);
      if (!numbers.every((number, i) => Object.is(number, found[i]))) {
        throw new Error(`noise: differs from the test vector of seed ${seed}, sample ${start}`);
      }
    }
  }

  const eganNoise = { rows, blockNumbers, philox, keyOf, check };
  globalThis.eganNoise = eganNoise;
  if (typeof module === "object" && module.exports) {
    module.exports = eganNoise;
  }
})();
