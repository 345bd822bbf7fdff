/* Noise between two rows of noise, on paths that keep its distribution: egan_tf/sampling/walk.py explains them. */
(function () {
  "use strict";

  const EDGE = 2 ** -26, BELOW_ONE = 1 - 2 ** -24;

  function dot(a, b) {
    return a.reduce((sum, value, i) => sum + value * b[i], 0);
  }

  /** The direction along the great circle, the norm from the one row's to the other's. */
  function slerp(start, end, t) {
    const lengths = [Math.sqrt(dot(start, start)), Math.sqrt(dot(end, end))];
    if (start.length < 2 || Math.min(...lengths) === 0) {
      return start.map((value, i) => (1 - t) * value + t * end[i]);
    }
    const first = start.map((value) => value / lengths[0]), last = end.map((value) => value / lengths[1]);
    const along = dot(first, last);
    let across = last.map((value, i) => value - along * first[i]);
    const angle = Math.atan2(Math.sqrt(dot(across, across)), along);
    if (Math.sqrt(dot(across, across)) < 1e-7) {
      // Parallel or opposite rows: any direction across will do.
      const sizes = first.map(Math.abs), axis = sizes.indexOf(Math.min(...sizes));
      across = first.map((value, i) => (i === axis ? 1 : 0) - first[axis] * value);
    }
    const norm = Math.sqrt(dot(across, across)), radius = (1 - t) * lengths[0] + t * lengths[1];
    return first.map((value, i) => radius * (Math.cos(t * angle) * value + (Math.sin(t * angle) * across[i]) / norm));
  }

  /** The error function by its series with positive terms: 2 / sqrt(pi) exp(-x^2) sum 2^n x^(2n+1) / (2n+1)!! */
  function erf(x) {
    let term = x, sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum); n++) {
      term *= (2 * x * x) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
  }

  /** The normal number below which lies the same share of N(0, 1) as of the uniform distribution below `value`. */
  function quantile(value) {
    const wanted = Math.min(Math.max(value, 2 * EDGE - 1), 1 - 2 * EDGE);
    let low = -6, high = 6;
    for (let i = 0; i < 50; i++) {
      const middle = (low + high) / 2;
      [low, high] = erf(middle / Math.SQRT2) < wanted ? [middle, high] : [low, middle];
    }
    return (low + high) / 2;
  }

  /** Numbers uniform in [-1, 1], combined as normal ones. */
  function uniformPath(start, end, t) {
    const weights = [Math.cos((t * Math.PI) / 2), Math.sin((t * Math.PI) / 2)];
    return start.map((value, i) => {
      const normal = weights[0] * quantile(value) + weights[1] * quantile(end[i]);
      return Math.min(Math.max(erf(normal / Math.SQRT2), -1), BELOW_ONE);
    });
  }

  /** The point at fraction t of the way between two rows; at 0 and 1 exactly these. */
  function interpolate(start, end, t, distribution) {
    if (t === 0 || t === 1) {
      return t === 0 ? start : end;
    }
    const path = distribution === "normal" ? slerp : uniformPath;
    return Float32Array.from(path(Array.from(start), Array.from(end), t));
  }

  globalThis.eganWalk = { interpolate };
  if (typeof module === "object" && module.exports) {
    module.exports = globalThis.eganWalk;
  }
})();
