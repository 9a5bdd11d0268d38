// The report that goes with an answer: how the pair was played, and on what screen.

const MOST_RANGES = 32;

export function report(pair, since) {
  return {
    ...pair.watching.measures(),
    ...pair.synchrony.measures(),
    ...pair.health.measures(),
    ...pair.measures,
    ...ranges("played_a", pair.videos.A),
    ...ranges("played_b", pair.videos.B),
    decided_after_s: (performance.now() - since) / 1000,
    viewport_width: innerWidth,
    viewport_height: innerHeight,
    pixel_ratio: devicePixelRatio,
  };
}

// Return the parts of a clip that were played as [start, end] in seconds; nothing if they are too many.
function ranges(name, { played }) {
  if (played.length > MOST_RANGES) return {};
  const part = (_, index) => [rounded(played.start(index)), rounded(played.end(index))];
  return { [name]: Array.from({ length: played.length }, part) };
}

const rounded = (seconds) => Math.round(seconds * 1000) / 1000;
