// The server's pages as documents: which of them are ours, and what is taken from them.

const OURS = "main#ballot, main#reveal, main#finished, main#refusal, main#start";

export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

// A proxy or a network's sign-in page answers with HTML, too.
export const isOurs = (page) => page.querySelector(OURS) !== null;

// The page's content, for this document.
export const take = (page) => document.adoptNode(page.querySelector("main"));

// A video that is gone from the page may keep its connection, and a browser has few for one host.
export function release(main) {
  for (const video of main.querySelectorAll("video")) {
    video.removeAttribute("src");
    video.load();
  }
}
