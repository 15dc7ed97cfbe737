/** Another rate, for microphones whose browser gives them at no other than their own. */

/**
 * Frames of `length` samples at rate `to`, made of samples at rate `from` by straight lines
 * between them: near rates (44.1 and 48 kHz) lose nothing that a voice needs.
 * @param {number} from @param {number} to @param {number} length
 * @returns {(samples: Float32Array, each: (frame: Float32Array) => void) => void}
 */
export function resampler(from, to, length) {
  const step = from / to;
  let frame = new Float32Array(length);
  let filled = 0;
  let at = 0; // between the sample before and the next
  let before = 0;
  return (samples, each) => {
    for (const sample of samples) {
      for (; at < 1; at += step) {
        frame[filled] = before + (sample - before) * at;
        filled += 1;
        if (filled < length) continue;
        each(frame);
        frame = new Float32Array(length);
        filled = 0;
      }
      at -= 1;
      before = sample;
    }
  };
}
