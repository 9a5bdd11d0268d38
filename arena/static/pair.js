// Two clips played as one: started together, kept together, and accounted for as they are watched and heard.

const STEP_S = 0.1; // watching is counted in tenths of a second
const DRIFT_S = 0.04; // one frame at 25 fps: beyond it the eye notices

export class Pair extends EventTarget {
  constructor(videos, withSound) {
    super();
    this.videos = videos; // { A: video, B: video }
    this.withSound = withSound;
    this.both = [videos.A, videos.B];
    this.audible = "A";
    this.hiddenSide = null; // the side that lies under the other one while they are flipped
    this.chosenByHand = false;
    this.looping = true;
    this.wanted = false; // whether the rater wants the clips to run
    this.measures = { plays: 0, stalls: 0 };
    this.watched = { A: new Set(), B: new Set() };
    this.heard = { A: new Set(), B: new Set() };
    for (const video of this.both) {
      video.controls = false;
      video.addEventListener("waiting", () => this.#stall());
      video.addEventListener("ended", () => this.#ended());
      video.addEventListener("loadedmetadata", () => this.#tell());
    }
    this.listenTo("A", false);
  }

  get duration() {
    return Math.min(...this.both.map((video) => video.duration || 0));
  }

  get position() {
    return this.videos.A.currentTime;
  }

  async play() {
    this.wanted = true;
    this.measures.plays += 1;
    if (this.position >= this.duration) this.seek(0);
    await this.#start();
  }

  pause() {
    this.wanted = false;
    for (const video of this.both) video.pause();
    this.#tell();
  }

  toggle() {
    return this.wanted ? this.pause() : this.play();
  }

  seek(time) {
    for (const video of this.both) video.currentTime = Math.min(time, this.duration);
    this.#tell();
  }

  setRate(rate) {
    for (const video of this.both) video.playbackRate = rate;
  }

  listenTo(side, byHand) {
    this.audible = side;
    this.chosenByHand ||= byHand;
    for (const [name, video] of Object.entries(this.videos)) video.muted = !this.withSound || name !== side;
    this.#tell();
  }

  // Seconds of a side that the rater has yet to watch (and to hear, where sound is judged).
  left(side) {
    const steps = Math.max(1, Math.floor(this.duration / STEP_S) - 1);
    const done = this.withSound ? this.heard[side] : this.watched[side];
    return this.duration ? Math.max(0, (steps - done.size) * STEP_S) : Infinity;
  }

  async #start() {
    await Promise.all(this.both.map(canPlay));
    if (!this.wanted) return;
    this.videos.B.currentTime = this.videos.A.currentTime;
    await Promise.all(this.both.map((video) => video.play()));
    this.#tick();
  }

  #tick() {
    if (!this.wanted || this.videos.A.paused) return;
    this.#count();
    const drift = this.videos.B.currentTime - this.position;
    if (Math.abs(drift) > DRIFT_S && !this.videos.B.ended) this.videos.B.currentTime = this.position;
    this.#tell();
    requestAnimationFrame(() => this.#tick());
  }

  #count() {
    const step = Math.floor(this.position / STEP_S);
    for (const side of ["A", "B"]) {
      if (side !== this.hiddenSide) this.watched[side].add(step);
      if (side === this.audible && this.withSound) this.heard[side].add(step);
    }
  }

  #ended() {
    if (!this.wanted || !this.both.every((video) => video.ended || this.duration - video.currentTime < 0.1)) return;
    const other = this.audible === "A" ? "B" : "A";
    const mustHearOther = this.withSound && this.left(other) > 0;
    if (!this.chosenByHand && this.withSound) this.listenTo(other, false);
    if (!this.looping && !mustHearOther) return this.pause();
    this.seek(0);
    this.#start();
  }

  async #stall() {
    if (!this.wanted || this.both.every((video) => video.readyState >= 3)) return;
    this.measures.stalls += 1;
    for (const video of this.both) video.pause();
    this.dispatchEvent(new Event("stall"));
    await this.#start();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}

function canPlay(video) {
  if (video.readyState >= 3) return Promise.resolve();
  return new Promise((resolve) => video.addEventListener("canplay", resolve, { once: true }));
}
