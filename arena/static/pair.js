// Two clips played as one: started together, kept together, and accounted for as they are watched and heard.

const STEP_S = 0.1; // watching is counted in tenths of a second
const JUMP_S = 0.25; // beyond this drift a jump disturbs less than running to catch up
const PATIENCE_MS = 200; // a shorter wait for data is no stall: seeking causes them

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
    this.turn = 0;
    this.measures = { plays: 0, stalls: 0 };
    this.watched = { A: new Set(), B: new Set() };
    this.heard = { A: new Set(), B: new Set() };
    for (const video of this.both) {
      video.controls = false;
      video.addEventListener("waiting", () => this.#stall(video));
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
    this.#tell();
    if (this.position >= this.duration) this.seek(0);
    await this.#start();
  }

  pause() {
    this.wanted = false;
    for (const video of this.both) video.pause();
    this.#tell();
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
    const turn = ++this.turn; // a later start or pause makes this one void
    await Promise.all(this.both.map(canPlay));
    if (!this.wanted || turn !== this.turn) return;
    this.videos.B.currentTime = this.position;
    await Promise.all(this.both.map((video) => video.play())).catch((error) => {
      if (error.name !== "AbortError") throw error; // a pause came first, as it may
    });
    if (turn === this.turn) this.#tick(turn);
  }

  #tick(turn) {
    if (!this.wanted || turn !== this.turn) return;
    this.#count();
    this.#keepTogether();
    this.#tell();
    requestAnimationFrame(() => this.#tick(turn));
  }

  // B follows A: a little faster or slower where that is enough, by a jump where it isn't.
  #keepTogether() {
    const { A, B } = this.videos;
    const ahead = B.currentTime - A.currentTime;
    if (A.seeking || B.seeking || A.ended || B.ended) return;
    if (Math.abs(ahead) > JUMP_S) B.currentTime = A.currentTime;
    B.playbackRate = A.playbackRate * (1 - Math.max(-0.25, Math.min(0.25, 2 * ahead)));
  }

  #count() {
    const step = Math.floor(this.position / STEP_S);
    for (const side of ["A", "B"]) {
      if (side !== this.hiddenSide) this.watched[side].add(step);
      if (side === this.audible && this.withSound) this.heard[side].add(step);
    }
  }

  #ended() {
    if (!this.wanted || !this.both.every((video) => video.ended)) return;
    const other = this.audible === "A" ? "B" : "A";
    const mustHearOther = this.withSound && this.left(other) > 0;
    if (!this.chosenByHand && this.withSound) this.listenTo(other, false);
    if (!this.looping && !mustHearOther) return this.pause();
    this.seek(0);
    this.#start();
  }

  async #stall(video) {
    await new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
    if (!this.wanted || video.readyState >= 3 || video.seeking || video.ended) return;
    this.measures.stalls += 1;
    for (const each of this.both) each.pause();
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
