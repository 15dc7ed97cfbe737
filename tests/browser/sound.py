"""Sound for tests: speech for a fake microphone, what a page plays, how well it is understood."""

from __future__ import annotations

import base64
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Page
from pystoi import stoi
from scipy.signal import correlate, correlation_lags, resample_poly

Samples = NDArray[np.float64]

RATE: Final = 48_000
SENTENCES: Final = (
    "I have not slept well since the exams began.",
    "Then a friend knocked, and we walked around the lake together.",
    "Nothing was solved, but I felt that somebody had seen me.",
)
QUIET_S: Final = 0.7

# Keeps what a page plays (`heard`) and what its microphone gives (`spoken`), with the moment at
# which each began. The earliest arrival counts: later ones were only held up on their way here.
RECORDER: Final = """
(() => {
  const kept = (window.recorded = {});
  async function keep(name, track) {
    const record = (kept[name] = { began: Infinity, parts: [], samples: 0 });
    const source = new MediaStreamTrackProcessor({ track, maxBufferSize: 2000 });
    const reader = source.readable.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      const part = new Float32Array(value.numberOfFrames);
      value.copyTo(part, { planeIndex: 0, format: "f32-planar" });
      record.rate = value.sampleRate;
      value.close();
      record.samples += part.length;
      record.parts.push(part);
      const now = performance.timeOrigin + performance.now();
      record.began = Math.min(record.began, now - (record.samples * 1000) / record.rate);
    }
  }
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (target instanceof AudioDestinationNode) {
      const copy = this.context.createMediaStreamDestination();
      connect.call(this, copy);
      keep("heard", copy.stream.getAudioTracks()[0]);
    }
    return connect.call(this, target, ...more);
  };
  const ask = MediaDevices.prototype.getUserMedia;
  MediaDevices.prototype.getUserMedia = async function (wish) {
    const stream = await ask.call(this, wish);
    window.asked = wish;
    window.opened = (window.opened ?? 0) + 1;
    keep("spoken", stream.getAudioTracks()[0].clone());
    return stream;
  };
  window.takeRecord = (name) => {
    const { began, parts, rate } = kept[name];
    const all = new Int16Array(parts.reduce((n, part) => n + part.length, 0));
    let at = 0;
    for (const part of parts)
      for (const each of part) all[at++] = Math.max(-1, Math.min(1, each)) * 32767;
    let text = "";
    const bytes = new Uint8Array(all.buffer);
    for (let i = 0; i < bytes.length; i += 32768)
      text += String.fromCharCode(...bytes.subarray(i, i + 32768));
    return { began, rate, sound: btoa(text) };
  };
})();
"""
NO_CODECS: Final = "delete window.AudioEncoder; delete window.AudioDecoder;"


def write_speech(folder: Path) -> Path:
    """Speak the sentences into a WAV file of 48 kHz, with pauses between them."""
    parts: list[Samples] = [np.zeros(round(RATE * QUIET_S))]
    for sentence in SENTENCES:
        spoken = folder / "sentence.wav"
        subprocess.run(["espeak-ng", "-s", "150", "-w", str(spoken), sentence], check=True)
        parts += [read_wav(spoken), np.zeros(round(RATE * QUIET_S))]
    path = folder / "speech.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((np.concatenate(parts) * 0.7 * 32767).astype("<i2").tobytes())
    return path


def read_wav(path: Path) -> Samples:
    """Read a WAV file of 16 bits as 48 kHz, mono."""
    with wave.open(str(path), "rb") as file:
        rate = file.getframerate()
        sound = np.frombuffer(file.readframes(file.getnframes()), "<i2") / 32768
    return np.asarray(resample_poly(sound, RATE, rate) if rate != RATE else sound, np.float64)


@dataclass(frozen=True)
class Record:
    """What was kept, and when it began (ms of the machine's clock)."""

    began: float
    sound: Samples

    @classmethod
    def take(cls, page: Page, name: str) -> Record:
        """Take it out of a page."""
        kept: dict[str, Any] = page.evaluate("name => takeRecord(name)", name)
        sound = np.frombuffer(base64.b64decode(kept["sound"]), "<i2") / 32768
        whole = resample_poly(sound, RATE, kept["rate"]) if kept["rate"] != RATE else sound
        return cls(kept["began"], np.asarray(whole, np.float64))


def place(of: Samples, inside: Samples) -> int:
    """Return where in one sound another begins: the lag at which they are most alike."""
    likeness = correlate(inside, of, mode="full", method="fft")
    lags = correlation_lags(len(inside), len(of), mode="full")
    return int(lags[int(np.argmax(np.abs(likeness)))])


def cut(sound: Samples, start: int, length: int) -> Samples:
    """Return a part of a sound; what is outside of it is silence."""
    out = np.zeros(length)
    first, last = max(0, start), min(len(sound), start + length)
    if last > first:
        out[first - start : last - start] = sound[first:last]
    return out


def understood(speech: Samples, heard: Samples) -> float:
    """Return the intelligibility of the whole, laid over the original once."""
    start = place(speech, heard)
    return float(stoi(speech, cut(heard, start, len(speech)), RATE))


def understood_by_sentence(speech: Samples, heard: Samples) -> list[float]:
    """Return the intelligibility of each sentence, each laid over the original by itself.

    A buffer that grew in a pause moves what follows: to the ear that is nothing, to a
    comparison of samples everything.
    """
    near = place(speech, heard)
    found = []
    for first, last in sentences_of(speech):
        one = speech[first:last]
        margin = RATE
        around = cut(heard, near + first - margin // 4, len(one) + margin + margin // 4)
        found.append(float(stoi(one, cut(around, place(one, around), len(one)), RATE)))
    return found


def sentences_of(speech: Samples) -> list[tuple[int, int]]:
    """Return where each sentence begins and ends: between pauses of at least half a second."""
    loud = np.flatnonzero(np.abs(speech) > 0.01)
    gaps = np.flatnonzero(np.diff(loud) > RATE // 2)
    firsts = [int(loud[0]), *(int(loud[gap + 1]) for gap in gaps)]
    lasts = [*(int(loud[gap]) for gap in gaps), int(loud[-1])]
    return list(zip(firsts, lasts, strict=True))


def mouth_to_ear_ms(spoken: Record, heard: Record) -> float:
    """Return how long a voice takes from one page's microphone to the other's loudspeaker."""
    lag = place(spoken.sound, heard.sound)
    return heard.began - spoken.began + lag * 1000 / RATE
