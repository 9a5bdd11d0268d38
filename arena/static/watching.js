// The tenths of a second of each clip that the rater has watched and heard.

const STEP_S = 0.1;
const GAP_S = 0.5; // a longer step between two looks is a jump

export class Watching {
  constructor() {
    this.seen = { A: new Set(), B: new Set() };
    this.heard = { A: new Set(), B: new Set() };
    this.last = {};
  }

  // Count all steps since the last look, since a busy browser may look less often than ten times a second.
  count(side, time, { seen, heard }) {
    const last = this.last[side] ?? time;
    const from = time >= last && time - last < GAP_S ? last : time;
    for (let step = Math.floor(from / STEP_S); step <= Math.floor(time / STEP_S); step += 1) {
      if (seen) this.seen[side].add(step);
      if (heard) this.heard[side].add(step);
    }
    this.last[side] = time;
  }

  // Start counting anew, after a pause, a jump or a change of what is seen or heard.
  interrupt() {
    this.last = {};
  }

  // Return the seconds that must be counted; the last frame may end before the file does.
  due(duration) {
    return stepsOf(duration) * STEP_S;
  }

  left(counted, duration) {
    return Math.max(0, stepsOf(duration) - counted.size) * STEP_S;
  }

  // Return the measures that the vote's record keeps.
  measures() {
    const seconds = (counted) => counted.size * STEP_S;
    return {
      watched_a_s: seconds(this.seen.A),
      watched_b_s: seconds(this.seen.B),
      heard_a_s: seconds(this.heard.A),
      heard_b_s: seconds(this.heard.B),
    };
  }
}

const stepsOf = (duration) => Math.max(1, Math.floor(duration / STEP_S) - 1);
