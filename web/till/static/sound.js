// Two notes up for yes, one low for no, two alike for a question, two down for what did not happen. Made on the spot:
// nothing to load.

const TUNES = {
  yes: [[880, 0, 0.09], [1320, 0.1, 0.16]],
  no: [[196, 0, 0.45]],
  ask: [[660, 0, 0.12], [660, 0.18, 0.12]],
  undone: [[660, 0, 0.09], [440, 0.1, 0.16]],
};

let context = null;

export function play(name) {
  if (!TUNES[name] || !window.AudioContext) return;
  context = context || new AudioContext();
  const start = context.currentTime;
  for (const [pitch, at, length] of TUNES[name]) {
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.type = name === "no" ? "square" : "sine";
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0.25, start + at);
    volume.gain.linearRampToValueAtTime(0, start + at + length);
    tone.connect(volume).connect(context.destination);
    tone.start(start + at);
    tone.stop(start + at + length);
  }
}
