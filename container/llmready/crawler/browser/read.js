// Reads a rendered page, in a world that the page's own scripts cannot reach. Shadow trees are written out where
// they show, what only works or warns is left out, and more than `most` characters come back as null.
(most) => {
  const LEFT_OUT = 'script:not([type="application/ld+json"]), style, noscript, template, iframe, object, embed';
  const MOST_ELEMENTS = 300_000;
  const address = location.href;
  if (document.getElementsByTagName("*").length > MOST_ELEMENTS) return { address, html: null };

  const hosts = [...document.querySelectorAll("*")].some((element) => element.shadowRoot);
  let root = document.documentElement;
  if (hosts) {
    // A document of its own has no scripts: copying custom elements into it starts nothing.
    const inert = document.implementation.createHTMLDocument("");
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
    root = copy(root);
  }
  for (const element of [...root.querySelectorAll(LEFT_OUT)]) element.remove();
  const html = root.outerHTML;
  return { address, html: html.length > most ? null : html };
}
