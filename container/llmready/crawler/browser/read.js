// Reads a rendered page, in a world that the page's own scripts cannot reach. Shadow trees are written out where
// they show, what only works or warns is left out, and more than `most` characters come back as null.
// The page itself does not change, because it may be read again.
(most) => {
  const LEFT_OUT = 'script:not([type="application/ld+json"]), style, noscript, template, object, embed';
  const DEEPEST = 3;
  const MOST_ELEMENTS = 300_000;
  const address = location.href;
  if (document.getElementsByTagName("*").length > MOST_ELEMENTS) return { address, html: null };

  const hosts = [...document.querySelectorAll("*")].some((element) => element.shadowRoot);
  // A document of its own has no scripts: copying custom elements into it starts nothing.
  const inert = document.implementation.createHTMLDocument("");
  let root = inert.importNode(document.documentElement, !hosts);
  if (hosts) {
    const copy = (node) => {
      if (node.nodeName === "SLOT") {
        const shown = node.assignedNodes({ flatten: true });
        const span = inert.createElement("span");
        for (const child of shown.length ? shown : node.childNodes) span.append(copy(child));
        return span;
      }
      const made = inert.importNode(node, false);
      for (const child of (node.shadowRoot ?? node).childNodes) made.append(copy(child));
      return made;
    };
    root = copy(document.documentElement);
  }
  // Frames are not loaded. What stands in one's attribute is text of this page; another page's address is followed as a link.
  const unfold = (top, level) => {
    for (const frame of [...top.querySelectorAll("iframe")]) {
      const written = frame.getAttribute("srcdoc");
      frame.replaceChildren();
      if (!written) continue;
      const inner = new DOMParser().parseFromString(written, "text/html");
      if (level < DEEPEST) unfold(inner.body, level + 1);
      const part = top.ownerDocument.createElement("div");
      part.append(...[...inner.body.childNodes].map((node) => top.ownerDocument.importNode(node, true)));
      frame.replaceWith(part);
    }
  };
  unfold(root, 0);
  for (const element of [...root.querySelectorAll(LEFT_OUT)]) element.remove();
  const html = root.outerHTML;
  return { address, html: html.length > most ? null : html };
}
