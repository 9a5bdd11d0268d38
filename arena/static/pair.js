// Two clips played as one. The muted clip follows the heard one, which always plays at its own rate.

import { canPlay, waitsForTap, whenReady } from "./readiness.js";
import { Synchrony } from "./synchrony.js";
import { Watching } from "./watching.js";

const JUMP_S = 0.25; // beyond this drift a jump disturbs less than catching up
const CATCH_UP = 0.1; // at most a tenth faster or slower
const PATIENCE_MS = 200; // shorter waits for data are not stalls, since seeking causes them

export class Pair extends EventTarget {
  constructor(videos, { withSound, first, fps, oneRate, health }) {
    super();
    this.videos = videos; // { A: video, B: video }
    this.both = [videos.A, videos.B];
    this.withSound = withSound;
    this.frame = 1 / fps;
    this.rate = 1;
    this.hiddenSide = null; // the side under the other one while the clips are flipped
    this.inView = { A: true, B: true };
    this.chosenByHand = false;
    this.looping = true;
    this.wanted = false; // whether the rater wants the clips to run
    this.stalled = false;
    this.toldSpoiled = false;
    this.turn = 0;
    this.measures = { plays: 0, seeks: 0, side_switches: 0 };
    this.watching = new Watching();
    this.synchrony = new Synchrony(videos, fps, oneRate);
    this.health = health;
    this.isReady = { A: false, B: false };
    this.prepared = Promise.all(["A", "B"].map((side) => this.#prepare(side)));
    for (const video of this.both) {
      video.controls = false;
      video.addEventListener("waiting", () => this.#stall(video));
      video.addEventListener("ended", () => this.#ended());
      video.addEventListener("loadedmetadata", () => this.#tell());
    }
    this.listenTo(first, false);
  }

  // Length of the longer clip; 0 until both are known.
  get duration() {
    const known = this.both.every((video) => video.duration);
    return known ? Math.max(...this.both.map((video) => video.duration)) : 0;
  }

  get position() {
    const [lead, follow] = this.#roles();
    return lead.ended ? Math.max(lead.currentTime, follow.currentTime) : lead.currentTime;
  }

  get ready() {
    return this.isReady.A && this.isReady.B;
  }

  // Clips of which the browser loads no more until they play. A clip that is ready may look like one while it jumps.
  get asleep() {
    const loading = ["A", "B"].filter((side) => !this.isReady[side]);
    return loading.map((side) => this.videos[side]).filter(waitsForTap);
  }

  // Whether pressing Play helps: the clips are ready, or the browser loads them only then.
  get startable() {
    return this.ready || this.asleep.length > 0;
  }

  get fresh() {
    return this.measures.plays === 0;
  }

  async play() {
    if (document.hidden) return;
    this.wanted = true;
    this.measures.plays += 1;
    this.#tell();
    if (this.both.every((video) => video.ended)) this.seek(0);
    for (const video of this.asleep) this.#wake(video);
    await this.prepared;
    await this.#start();
  }

  pause() {
    this.wanted = false;
    this.#interrupt();
    for (const video of this.both) video.pause();
    this.#tell();
  }

  seek(time) {
    this.#interrupt();
    for (const video of this.both) video.currentTime = Math.min(time, video.duration || 0);
    this.#tell();
  }

  setRate(rate) {
    this.rate = rate;
    this.#interrupt();
    for (const video of this.both) video.playbackRate = rate;
  }

  hide(side) {
    this.hiddenSide = side;
    this.#interrupt();
    this.#tell();
  }

  // Choose the side that is heard and leads. Without sound one side leads, too, and both are muted.
  listenTo(side, byHand) {
    if (byHand && side !== this.audible) this.measures.side_switches += 1;
    this.audible = side;
    this.chosenByHand ||= byHand;
    for (const [name, video] of Object.entries(this.videos)) video.muted = !this.withSound || name !== side;
    this.setRate(this.rate); // the clip heard from now on must leave its catch-up rate at once
    this.#tell();
  }

  // Return the seconds of a side that are still to be watched, and to be heard where sound is judged.
  left(side) {
    if (!this.duration) return { watch: Infinity, hear: Infinity };
    const { seen, heard } = this.watching;
    const { duration } = this.videos[side];
    return {
      watch: this.watching.left(seen[side], duration),
      hear: this.withSound ? this.watching.left(heard[side], duration) : 0,
    };
  }

  // Share of the watching and listening that is done, from 0 to 1; answers open at 1.
  get done() {
    const sides = [this.left("A"), this.left("B")];
    const left = sides.reduce((sum, { watch, hear }) => sum + watch + hear, 0);
    if (!Number.isFinite(left)) return 0;
    const due = this.both.reduce((sum, video) => sum + this.watching.due(video.duration), 0);
    return 1 - left / (due * (this.withSound ? 2 : 1));
  }

  async #prepare(side) {
    await whenReady(this.videos[side]);
    this.isReady[side] = true;
    this.#tell();
  }

  // Let a browser that saves data load a clip: it does so once the clip plays after a press.
  #wake(video) {
    video.play().then(() => this.ready || video.pause(), () => {});
  }

  async #start() {
    const turn = ++this.turn; // a later start cancels this one
    const going = this.both.filter((video) => !video.ended); // the shorter clip waits at its end for the longer one
    await Promise.all(going.map(canPlay));
    if (!this.wanted || turn !== this.turn) return;
    const [lead, follow] = this.#roles();
    if (going.length === 2 && follow.currentTime !== lead.currentTime) {
      follow.currentTime = lead.currentTime;
      await canPlay(follow);
      if (!this.wanted || turn !== this.turn) return;
    }
    this.#interrupt();
    this.synchrony.running = true;
    await Promise.all(going.map((video) => video.play())).catch((error) => {
      if (error.name !== "AbortError") throw error; // a pause may come first
    });
    if (turn === this.turn) this.#tick(turn);
  }

  #tick(turn) {
    if (!this.wanted || turn !== this.turn) return;
    this.#count();
    this.synchrony.look(this.rate);
    this.#lookAtRate(this.#roles()[0]);
    this.#keepTogether();
    this.#judge();
    this.#tell();
    requestAnimationFrame(() => this.#tick(turn));
  }

  #lookAtRate(lead) {
    if (lead.ended || lead.seeking || lead.readyState < 3) this.health.interrupt();
    else this.health.look(lead, this.rate);
  }

  #roles() {
    const { A, B } = this.videos;
    return this.audible === "A" ? [A, B] : [B, A];
  }

  // Let the muted clip follow: a little faster or slower once it is a frame off, by a jump if far off.
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
      const seen = side !== this.hiddenSide && this.inView[side] && this.rate === 1;
      this.watching.count(side, video.currentTime, { seen, heard: this.withSound && side === this.audible && this.rate === 1 });
    }
  }

  // Start the next pass with the side that is still to be heard; after both, change sides unless chosen by hand.
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
    if (this.stalled || !this.wanted || video.readyState >= 3 || video.seeking || video.ended) return;
    this.stalled = true;
    this.health.stall(true);
    for (const each of this.both) each.pause();
    this.dispatchEvent(new Event("stall"));
    const started = this.#start();
    await (this.health.seen ? started : Promise.race([started, this.#patience()]));
    this.stalled = false;
    this.health.stall(false);
    this.#judge();
  }

  // Wait as long as a stall may last.
  #patience() {
    return new Promise((resolve) => setTimeout(resolve, 1000 * this.health.longest.stall + 100));
  }

  // Tell once that the pair is spoiled; what happens after both clips were seen spoils nothing.
  #judge() {
    if (this.done === 1) this.health.seen = true;
    if (this.toldSpoiled || !this.health.spoiled) return;
    this.toldSpoiled = true;
    this.dispatchEvent(new Event("spoiled"));
  }

  #interrupt() {
    this.watching.interrupt();
    this.synchrony.begin();
    this.health.interrupt();
  }

  #tell() {
    this.dispatchEvent(new Event("change"));
  }
}
