// Two clips played as one: started together and kept together. The clip that is heard is never touched for it.

import { Watching } from "./watching.js";

const JUMP_S = 0.25; // beyond this drift a jump disturbs less than running to catch up
const CATCH_UP = 0.1; // at most a tenth faster or slower
const PATIENCE_MS = 200; // a shorter wait for data is no stall: seeking causes them

export class Pair extends EventTarget {
  constructor(videos, { withSound, first, fps }) {
    super();
    this.videos = videos; // { A: video, B: video }
    this.both = [videos.A, videos.B];
    this.withSound = withSound;
    this.frame = 1 / fps;
    this.rate = 1;
    this.hiddenSide = null; // the side that lies under the other one while they are flipped
    this.inView = { A: true, B: true };
    this.chosenByHand = false;
    this.looping = true;
    this.wanted = false; // whether the rater wants the clips to run
    this.turn = 0;
    this.measures = { plays: 0, stalls: 0 };
    this.watching = new Watching();
    for (const video of this.both) {
      video.controls = false;
      video.addEventListener("waiting", () => this.#stall(video));
      video.addEventListener("ended", () => this.#ended());
      video.addEventListener("loadedmetadata", () => this.#tell());
    }
    this.listenTo(first, false);
  }

  get duration() {
    return Math.min(...this.both.map((video) => video.duration || 0));
  }

  get position() {
    return this.videos[this.audible].currentTime;
  }

  get fresh() {
    return this.measures.plays === 0;
  }

  async play() {
    if (document.hidden) return;
    this.wanted = true;
    this.measures.plays += 1;
    this.#tell();
    if (this.both.some((video) => video.ended)) this.seek(0);
    await this.#start();
  }

  pause() {
    this.wanted = false;
    this.watching.interrupt();
    for (const video of this.both) video.pause();
    this.#tell();
  }

  seek(time) {
    this.watching.interrupt();
    for (const video of this.both) video.currentTime = Math.min(time, this.duration);
    this.#tell();
  }

  setRate(rate) {
    this.rate = rate;
    for (const video of this.both) video.playbackRate = rate;
  }

  hide(side) {
    this.hiddenSide = side;
    this.watching.interrupt();
    this.#tell();
  }

  // Without sound, too, one side leads; both are silent then.
  listenTo(side, byHand) {
    this.audible = side;
    this.chosenByHand ||= byHand;
    this.watching.interrupt();
    for (const [name, video] of Object.entries(this.videos)) video.muted = !this.withSound || name !== side;
    this.setRate(this.rate); // whoever is heard from now on runs at its own rate at once
    this.#tell();
  }

  // Seconds of a side that the rater has yet to watch, and to hear where sound is judged.
  left(side) {
    if (!this.duration) return { watch: Infinity, hear: Infinity };
    const { seen, heard } = this.watching;
    return {
      watch: this.watching.left(seen[side], this.duration),
      hear: this.withSound ? this.watching.left(heard[side], this.duration) : 0,
    };
  }

  // The share of the watching that is done, from 0 to 1; answers open at 1.
  get done() {
    const sides = [this.left("A"), this.left("B")];
    const left = sides.reduce((sum, { watch, hear }) => sum + watch + hear, 0);
    return Number.isFinite(left) ? 1 - left / (this.watching.due(this.duration) * (this.withSound ? 4 : 2)) : 0;
  }

  async #start() {
    const turn = ++this.turn; // a later start or pause makes this one void
    await Promise.all(this.both.map(canPlay));
    if (!this.wanted || turn !== this.turn) return;
    const [lead, follow] = this.#roles();
    if (follow.currentTime !== lead.currentTime) {
      follow.currentTime = lead.currentTime;
      await canPlay(follow);
      if (!this.wanted || turn !== this.turn) return;
    }
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

  #roles() {
    const { A, B } = this.videos;
    return this.audible === "A" ? [A, B] : [B, A];
  }

  // The muted clip follows the heard one: a little faster or slower from a frame on, by a jump if far off.
  #keepTogether() {
    const [lead, follow] = this.#roles();
    if (lead.seeking || follow.seeking || lead.ended || follow.ended) return;
    const ahead = follow.currentTime - lead.currentTime;
    const off = Math.abs(ahead);
    if (off > JUMP_S) follow.currentTime = lead.currentTime;
    const correcting = off > this.frame || (follow.playbackRate !== this.rate && off > this.frame / 4);
    const change = correcting ? Math.max(-CATCH_UP, Math.min(CATCH_UP, -2 * ahead)) : 0;
    const rate = this.rate * (1 + change);
    if (follow.playbackRate !== rate) follow.playbackRate = rate;
  }

  #count() {
    for (const [side, video] of Object.entries(this.videos)) {
      const seen = side !== this.hiddenSide && this.inView[side];
      this.watching.count(side, video.currentTime, { seen, heard: this.withSound && side === this.audible });
    }
  }

  // The next pass is heard from the side that still has to be heard; then in turns, or as chosen by hand.
  #ended() {
    if (!this.wanted || !this.both.every((video) => video.ended)) return;
    const other = this.audible === "A" ? "B" : "A";
    const mustHearOther = this.left(other).hear > 0;
    const inTurns = !this.chosenByHand && this.left(this.audible).hear === 0;
    if (this.withSound && (mustHearOther || inTurns)) this.listenTo(other, false);
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
  if (video.readyState >= 3 && !video.seeking) return Promise.resolve();
  const event = video.seeking ? "seeked" : "canplay";
  return new Promise((resolve) => video.addEventListener(event, resolve, { once: true })).then(() => canPlay(video));
}
