// Loading of a pair's clips: a line meanwhile, a second try after a failure, then the cause.

const AGAIN_MS = 2000;

export function watchLoading(figure, video, { notify, fail }) {
  let failures = 0;
  const clip = `Clip ${figure.dataset.side}`;
  const failed = async () => {
    failures += 1;
    const cause = await findCause(video.currentSrc || video.src);
    if (failures === 1 && !cause) {
      notify(`${clip} didn’t load. Trying once more; the pair is not lost.`);
      return setTimeout(() => video.load(), AGAIN_MS);
    }
    figure.classList.replace("loading", "failed");
    fail();
    notify(cause || `${clip} can’t be loaded. Reload the page; no answer is lost.`);
  };
  figure.classList.toggle("loading", video.readyState < 3);
  video.addEventListener("error", failed);
  video.addEventListener("canplay", () => {
    figure.classList.remove("loading");
    if (failures) notify("");
  });
  if (video.error) failed(); // it failed before this script ran
}

// Return the server's reason, or "" if a second try may load the clip.
async function findCause(url) {
  const headers = { Accept: "application/problem+json", Range: "bytes=0-0" };
  const response = await fetch(url, { headers }).catch(() => null); // no connection, so a second try may help
  if (!response?.headers.get("Content-Type")?.startsWith("application/problem+json")) return "";
  const { title, detail } = await response.json();
  return `${title}. ${detail}`;
}
