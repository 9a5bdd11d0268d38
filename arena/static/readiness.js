// Readiness of a clip: enough of it is loaded to play through, and its first frame is decoded.

const FRAME_PATIENCE_MS = 1000; // a page in the background presents no frames
const ENOUGH = 4; // HTMLMediaElement.HAVE_ENOUGH_DATA

export async function whenReady(video) {
  const frame = firstFrame(video);
  await enoughData(video);
  if (!hasPicture(video)) return;
  await Promise.race([frame.decoded, frame.again()]);
}

// Return whether a loaded clip has a picture: one that is judged by its sound alone has none.
export const hasPicture = (video) => video.videoWidth > 0;

// Wait until a clip that was ready can go on, after a stall or a jump.
export function canPlay(video) {
  if (video.readyState >= 3 && !video.seeking) return Promise.resolve();
  const event = video.seeking ? "seeked" : "canplay";
  return new Promise((resolve) => video.addEventListener(event, resolve, { once: true })).then(() => canPlay(video));
}

// Return whether the browser loads no more of a clip until the rater plays it, as phones do to save data.
export const waitsForTap = (video) => video.readyState < ENOUGH && video.networkState === HTMLMediaElement.NETWORK_IDLE && video.paused;

// Return the share of a clip that is loaded, from 0 to 1.
export function loadedShare(video) {
  const { buffered, duration } = video;
  return buffered.length && duration ? Math.min(1, buffered.end(buffered.length - 1) / duration) : 0;
}

function enoughData(video) {
  if (video.readyState >= ENOUGH) return Promise.resolve();
  return new Promise((resolve) => video.addEventListener("canplaythrough", resolve, { once: true })).then(() => enoughData(video));
}

// Ask for the first frame; `again` presents it anew, since it may have been presented before the script asked.
function firstFrame(video) {
  if (!video.requestVideoFrameCallback) return { decoded: Promise.resolve(), again: () => Promise.resolve() };
  const decoded = new Promise((resolve) => video.requestVideoFrameCallback(resolve));
  const again = () => {
    if (video.paused) video.currentTime = video.currentTime;
    return new Promise((resolve) => setTimeout(resolve, FRAME_PATIENCE_MS));
  };
  return { decoded, again };
}
