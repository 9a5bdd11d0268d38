// Fetched pages as documents: whether they are the arena's, and the content to take from them.

const OURS = "main#ballot, main#reveal, main#feedback, main#finished, main#refusal, main#voided, main#control, main#start";

export const parse = (html) => new DOMParser().parseFromString(html, "text/html");

// Proxies and sign-in pages of networks answer with HTML, too.
export const isOurs = (page) => page.querySelector(OURS) !== null;

// A step before the pairs, such as a consent that changed meanwhile, has styles and scripts of its own: it opens as a page.
export const isStep = (page) => page.querySelector("main#screen, main#work, main#check") !== null;

// Return the page's content, adopted by this document.
export const take = (page) => document.adoptNode(page.querySelector("main"));

// Release the videos' connections: a removed video may keep its own, and browsers have few for one host.
export function release(main) {
  for (const video of main.querySelectorAll("video")) {
    video.removeAttribute("src");
    video.load();
  }
}
