// What can spoil a pair: stalls, a hidden tab, a wrong rate. What spoils it counts until both clips were seen.

const WINDOW_S = 2; // time over which the true rate is measured
const TOLERANCE = 0.15; // of the rate; clocks of sound devices differ by less
const MOST_INTERVALS = 120;

export class Health {
  constructor({ longestStall, longestWrongRate }) {
    this.longest = { stall: longestStall, wrongRate: longestWrongRate };
    this.counts = { stalls: 0, hidden_times: 0, hidden_plays: 0 };
    this.seconds = { stalled_s: 0, longest_stall_s: 0, hidden_s: 0, wrong_rate_s: 0 };
    this.seen = false; // whether both clips were seen to the end
    this.since = {};
    this.intervals = [];
    this.interrupt();
  }

  // Return whether the server will void the ballot.
  get spoiled() {
    const { longest_stall_s: stall, wrong_rate_s: wrongRate } = this.seconds;
    return stall > this.longest.stall || wrongRate > this.longest.wrongRate || this.counts.hidden_plays > 0;
  }

  stall(stalled) {
    if (stalled) {
      this.counts.stalls += 1;
      this.since.stall = performance.now();
      return;
    }
    const lasted = this.#took("stall");
    this.seconds.stalled_s += lasted;
    if (!this.seen) this.seconds.longest_stall_s = Math.max(this.seconds.longest_stall_s, lasted);
  }

  hide(hidden, playing) {
    if (!hidden) {
      this.seconds.hidden_s += this.#took("hidden");
      return;
    }
    this.since.hidden = performance.now();
    this.counts.hidden_times += 1;
    if (playing && !this.seen) this.counts.hidden_plays += 1;
  }

  // Compare the heard clip's progress with the clock's, and its rate with the one that was set.
  look(video, rate) {
    const now = performance.now();
    const last = this.last;
    this.last = now;
    if (last === undefined) return this.#open(now, video);
    if (this.intervals.length < MOST_INTERVALS) this.intervals.push(now - last);
    if (this.seen) return;
    if (video.playbackRate !== rate) {
      this.seconds.wrong_rate_s += (now - last) / 1000; // set by something else than this page
      video.playbackRate = rate;
      return this.#open(now, video);
    }
    const took = (now - this.window.from) / 1000;
    if (took < WINDOW_S) return;
    const measured = (video.currentTime - this.window.at) / took;
    if (Math.abs(measured / rate - 1) > TOLERANCE) this.seconds.wrong_rate_s += took;
    this.#open(now, video);
  }

  // Start measuring anew, after a pause, a jump or a change of what is heard.
  interrupt() {
    this.last = undefined;
  }

  // Return the measures that the vote's record keeps.
  measures() {
    const sorted = [...this.intervals].sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    return { ...this.counts, ...this.seconds, ...(middle > 0 && { refresh_hz: 1000 / middle }) };
  }

  #open(now, video) {
    this.window = { from: now, at: video.currentTime };
  }

  #took(what) {
    const from = this.since[what];
    delete this.since[what];
    return from === undefined ? 0 : (performance.now() - from) / 1000;
  }
}
