// Sound: a level meter for the clips, and a check of the left and right ear.

const LENGTH_S = 0.8; // length of each tone of the sound check

let context;

function audio() {
  context ||= new AudioContext();
  context.resume();
  return context;
}

// Show the level of the audible clip on a meter.
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

// Play a low tone on the left, then a high one on the right; return each ear with its start and end in seconds.
export function checkSound() {
  const tones = [["left", 0, 330, -1], ["right", 0.9, 494, 1]];
  return tones.map(([ear, start, frequency, pan]) => {
    const tone = audio().createOscillator();
    const level = audio().createGain();
    const place = audio().createStereoPanner();
    const from = audio().currentTime + start;
    tone.frequency.value = frequency;
    place.pan.value = pan;
    level.gain.setValueAtTime(0.2, from);
    level.gain.exponentialRampToValueAtTime(0.001, from + LENGTH_S);
    tone.connect(level).connect(place).connect(audio().destination);
    tone.start(from);
    tone.stop(from + LENGTH_S);
    return [ear, start, start + LENGTH_S];
  });
}
