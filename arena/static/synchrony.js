// How far apart two clips show the same moment, by the times at which the browser presents their frames.

import { hasPicture } from "./readiness.js";

export class Synchrony {
  constructor(videos, fps, oneRate) {
    this.videos = videos;
    this.fps = fps;
    this.running = false;
    this.compared = 0;
    this.startSkew = null; // seconds at the first start
    this.drift = null; // largest number of seconds afterwards
    this.ahead = null; // seconds by which B is ahead of A now
    this.byFrames = oneRate && "requestVideoFrameCallback" in HTMLVideoElement.prototype;
    this.begin();
    if (this.byFrames) for (const side of ["A", "B"]) this.#follow(side);
  }

  // Forget what was presented: after a start, a jump or a change of speed times belong to another pass.
  begin() {
    this.presented = { A: new Map(), B: new Map() };
    this.ahead = null;
  }

  // Compare positions where frames of the two don't match, or the browser does not tell when it presents them.
  look(rate) {
    this.rate = rate;
    const { A, B } = this.videos;
    if (A.ended || B.ended) return;
    if (!this.byFrames || !(hasPicture(A) && hasPicture(B))) this.#note(B.currentTime - A.currentTime);
  }

  #follow(side) {
    const video = this.videos[side];
    const next = (now, frame) => {
      const settled = !this.videos.A.seeking && !this.videos.B.seeking; // or the frame belongs to the last pass
      if (this.running && settled && !video.paused) this.#present(side, frame);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  }

  // Compare a frame with the other side's frame of the same moment, once that was presented, too.
  #present(side, { mediaTime, expectedDisplayTime }) {
    const moment = Math.round(mediaTime * this.fps);
    const own = this.presented[side];
    if (own.has(moment)) return;
    own.set(moment, expectedDisplayTime);
    const other = this.presented[side === "A" ? "B" : "A"].get(moment);
    if (other === undefined) return;
    const later = ((expectedDisplayTime - other) / 1000) * (this.rate || 1);
    this.#note(side === "A" ? later : -later);
    this.compared += 1;
  }

  #note(ahead) {
    this.ahead = ahead;
    if (this.startSkew === null) this.startSkew = Math.abs(ahead);
    else this.drift = Math.max(this.drift ?? 0, Math.abs(ahead));
  }

  // Return the measures that the vote's record keeps.
  measures() {
    if (this.startSkew === null) return {};
    return { start_skew_s: this.startSkew, drift_s: this.drift ?? 0, frames_compared: this.compared };
  }
}
