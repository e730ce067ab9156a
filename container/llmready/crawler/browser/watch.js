// Runs in each page before its own scripts. Tells when the page has come to rest: no change to its elements and
// text, and no short timer due, for `quiet` milliseconds, or when `most` milliseconds have passed.
// A page may fool it; all it wins is to be read too early or, within the crawler's limits, too late.
(name) => {
  const LITTLE_TEXT = 200;
  const SHORT = 400;
  const LONG = 3000;
  const ASKED = 2500;
  const CHAINED = 3;
  const ONLY_WAITING = /^\W*(loading|please wait|one moment|just a moment)\b/i;
  /** @type {Set<string | undefined>} */
  const WITHOUT_TEXT = new Set(["SCRIPT", "STYLE", "NOSCRIPT", "TEMPLATE"]);
  const { setTimeout, clearTimeout, performance, MutationObserver, Promise, Map, Math, document } = globalThis;
  const later = setTimeout.bind(globalThis);
  const clear = clearTimeout.bind(globalThis);
  const clock = performance.now.bind(performance);

  let changed = clock();
  const observer = new MutationObserver(() => {
    changed = clock();
  });
  const observe = (root) => observer.observe(root, { childList: true, characterData: true, subtree: true });
  observe(document);
  // Open all of them: what readers see should be read.
  const attach = Element.prototype.attachShadow;
  Element.prototype.attachShadow = function (init) {
    const root = attach.call(this, { ...init, mode: "open" });
    observe(root);
    return root;
  };

  // Frameworks hold content back for some hundred milliseconds (React's Suspense does), so timers that are due
  // soon are waited for; one that a timer's own callback set again and again is a clock, not content.
  const due = new Map();
  let depth = 0;
  globalThis.setTimeout = function (callback, delay, ...rest) {
    if (typeof callback !== "function") return later(callback, delay, ...rest);
    const mine = depth + 1;
    const id = later(
      (...values) => {
        due.delete(id);
        const before = depth;
        depth = mine;
        try {
          callback.apply(globalThis, values);
        } finally {
          depth = before;
        }
      },
      delay,
      ...rest,
    );
    const now = clock();
    if (mine <= CHAINED) due.set(id, { at: now + Math.max(0, Number(delay) || 0), set: now, isFirst: mine === 1 });
    return id;
  };
  globalThis.clearTimeout = (id) => {
    due.delete(id);
    clear(id);
  };

  function text(root) {
    const walker = document.createTreeWalker(root, 5 /* elements and text */);
    let found = "";
    while (found.length < LITTLE_TEXT && walker.nextNode()) {
      const node = /** @type {Element | Text} */ (walker.currentNode);
      if (node.nodeType === 1) {
        const { shadowRoot } = /** @type {Element} */ (node);
        found += shadowRoot ? text(shadowRoot) : "";
      } else if (!WITHOUT_TEXT.has(node.parentNode?.nodeName)) {
        found += ` ${/** @type {Text} */ (node).data.trim()}`;
      }
      found = found.trimStart();
    }
    return found;
  }

  function state() {
    const now = document.body ? text(document.body) : "";
    const filled = now.length >= LITTLE_TEXT || (now.length >= 20 && !ONLY_WAITING.test(now));
    const elements = document.getElementsByTagName("*").length;
    return { filled, poor: now.length < LITTLE_TEXT, elements, web: location.protocol.startsWith("http") };
  }

  /** Returns when the next timer is due. Timers that a page set when it was asked for more are waited for longer. */
  function next(now, isPoor, asked) {
    let first = Infinity;
    for (const { at, set, isFirst } of due.values()) {
      const horizon = isFirst && set >= asked ? ASKED : isPoor ? LONG : SHORT;
      if (at > now - 50 && at < now + horizon) first = Math.min(first, at);
    }
    return first;
  }

  const rest = (quiet, most, asked = Infinity) =>
    new Promise((resolve) => {
      const began = clock();
      const look = () => {
        const now = clock();
        const waited = now - began >= most;
        const still = now - changed;
        if (still < quiet && !waited) {
          later(look, Math.min(quiet - still, began + most - now));
          return;
        }
        const found = state();
        const at = next(now, found.poor, asked);
        if (Number.isFinite(at) && !waited) {
          later(look, Math.max(5, Math.min(at + 5, began + most) - now));
          return;
        }
        const isPending = Number.isFinite(next(now, false, asked)) && asked < Infinity;
        resolve({ ...found, pending: isPending, quiet: still >= quiet && !Number.isFinite(at) });
      };
      look();
    });

  Object.defineProperty(globalThis, name, { value: rest });
}
