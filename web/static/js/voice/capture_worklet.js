/**
 * The microphone's end: frames of 60 ms to the worker, and how loud it is to the page.
 *
 * The sound fades in when it opens and out when it closes; after the fade nothing more goes out.
 */
const scope = /** @type {any} */ (globalThis);
const FRAME_S = 0.06;
const FADE_S = 0.04;

class Capture extends scope.AudioWorkletProcessor {
  constructor() {
    super();
    this.frame = new Float32Array(Math.round(scope.sampleRate * FRAME_S));
    this.filled = 0;
    this.open = true;
    this.loudness = 0;
    /** @type {MessagePort | null} to the worker */
    this.line = null;
    this.port.onmessage = (/** @type {MessageEvent} */ { data }) => {
      if (data.line) this.line = data.line;
      if (data.open !== undefined) this.open = data.open;
    };
  }

  /** @param {Float32Array[][]} inputs */
  process(inputs) {
    const sound = inputs[0][0];
    const step = (this.open ? 1 : -1) / (FADE_S * scope.sampleRate);
    for (let i = 0; sound && i < sound.length; i += 1) {
      this.loudness = Math.min(1, Math.max(0, this.loudness + step));
      this.frame[this.filled] = sound[i] * this.loudness;
      this.filled += 1;
      if (this.filled === this.frame.length) this.send();
    }
    if (this.open || this.loudness > 0) return true;
    if (this.filled) this.send();
    this.line?.postMessage({ end: true });
    return false;
  }

  send() {
    const samples = this.frame.slice();
    let power = 0;
    for (const sample of samples) power += sample * sample;
    this.port.postMessage({ level: Math.sqrt(power / samples.length) });
    this.line?.postMessage({ samples }, [samples.buffer]);
    this.frame.fill(0);
    this.filled = 0;
  }
}

scope.registerProcessor("voice-capture", Capture);
