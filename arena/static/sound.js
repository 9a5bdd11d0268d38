// What is heard: a level meter on the clips, and a check that left and right reach the ears.

let context;

function audio() {
  context ||= new AudioContext();
  context.resume();
  return context;
}

// Shows the level of what is audible; starts with the first play, since sound needs a gesture.
export function showLevel(pair, meter) {
  const analyser = audio().createAnalyser();
  analyser.fftSize = 1024;
  analyser.connect(audio().destination);
  for (const video of pair.both) audio().createMediaElementSource(video).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  const draw = () => {
    if (!meter.isConnected) return analyser.disconnect();
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    const decibels = 10 * Math.log10(power + 1e-9);
    meter.value = Math.min(1, Math.max(0, (decibels + 60) / 50));
    requestAnimationFrame(draw);
  };
  draw();
}

// Two short tones: low on the left, high on the right.
export function checkSound() {
  for (const [start, frequency, pan] of [[0, 330, -1], [0.6, 494, 1]]) {
    const tone = audio().createOscillator();
    const level = audio().createGain();
    const place = audio().createStereoPanner();
    const from = audio().currentTime + start;
    tone.frequency.value = frequency;
    place.pan.value = pan;
    level.gain.setValueAtTime(0.2, from);
    level.gain.exponentialRampToValueAtTime(0.001, from + 0.5);
    tone.connect(level).connect(place).connect(audio().destination);
    tone.start(from);
    tone.stop(from + 0.5);
  }
}
