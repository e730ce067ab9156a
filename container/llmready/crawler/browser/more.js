// Asks a rendered page for more, as a reader does: scrolls to its end and presses a control that loads more.
// Returns whether it did either, whether it pressed something, how much text the page has, and the time before it asked.
// With `step`, it scrolls to this part of the page instead, and returns whether it is the last one.
({ loadsMore, more, harmful, longest }, step = -1) => {
  const [LOADS_MORE, MORE, HARMFUL] = [loadsMore, more, harmful].map((written) => new RegExp(written, "u"));
  const CONTROLS = "button, [role=button], input[type=button], a:not([href]), a[href=''], a[href^='#'], a[href^='javascript:' i], [onclick], [class*=load-more i], [class*=loadmore i], [class*=load_more i]";
  const AROUND = "form, nav, dialog, [role=dialog], [role=alertdialog], [aria-modal=true], [role=menu], [role=menubar]";
  const CONSENT = /cookie|consent|gdpr|onetrust|didomi|usercentrics|truste|cmp-/i;
  const IN_MENU = "header, footer, aside, [role=toolbar], [role=banner], [role=contentinfo]";
  const LEAVES = /location|\.open\(|submit|href\s*=|history\.|logout|delete/i;
  const MOST_CONTROLS = 2000;
  const MOST_ELEMENTS = 20_000;
  const SMALLEST_SCROLLER = 200;
  const STEP = 0.8;
  const page = /** @type {HTMLElement} */ (document.scrollingElement ?? document.documentElement);
  const at = performance.now();

  /** @type {(Document | ShadowRoot)[]} */
  const roots = [document];
  /** @type {HTMLElement | null} */
  let scroller = null;
  let length = 0;
  let examined = 0;
  for (const root of roots) {
    length += (root instanceof Document ? root.body : root)?.textContent?.length ?? 0;
    for (const element of root.querySelectorAll("*")) {
      if (++examined > MOST_ELEMENTS) break;
      if (element.shadowRoot) roots.push(element.shadowRoot);
      // Applications often scroll a part of the page instead of the page.
      if (element === page || element === document.body) continue;
      if (element.clientHeight < SMALLEST_SCROLLER || element.clientWidth < SMALLEST_SCROLLER) continue;
      if (scroller && element.clientHeight * element.clientWidth <= scroller.clientHeight * scroller.clientWidth) continue;
      if (/auto|scroll|overlay/.test(getComputedStyle(element).overflowY) && !element.closest("nav, aside, dialog")) scroller = /** @type {HTMLElement} */ (element);
    }
  }

  if (step >= 0) {
    const part = scroller && page.scrollHeight <= page.clientHeight ? scroller : page;
    part.scrollTop = step * part.clientHeight * STEP;
    const isLast = part.scrollTop + part.clientHeight >= part.scrollHeight - 1;
    return { asked: true, pressed: false, length, at, isLast };
  }
  const before = window.scrollY;
  // What is added must move the end of the page out of view, so that the page sees its readers arrive there again.
  page.style.overflowAnchor = "none";
  window.scrollTo(0, page.scrollHeight);
  let asked = window.scrollY > before;
  if (page.scrollHeight <= page.clientHeight && document.body) {
    // All of the page is in view: its readers have arrived at its end without an event.
    window.dispatchEvent(new Event("scroll"));
    asked = true;
  }
  if (scroller) {
    const top = scroller.scrollTop;
    scroller.style.overflowAnchor = "none";
    scroller.scrollTop = scroller.scrollHeight;
    asked ||= scroller.scrollTop > top;
    if (scroller.scrollHeight <= scroller.clientHeight) scroller.dispatchEvent(new Event("scroll"));
  }

  const normalised = (text) => text.toLowerCase().trim().replace(/\s+/g, " ").replace(/^[^\p{L}\p{N}]+/u, "").replace(/(?<=[\p{L}\p{N}])[^\p{L}\p{N}]+$/u, "");
  /** Returns the element and those around it, also outside of its shadow tree. */
  const around = function* (element) {
    for (let one = element; one; one = one.parentElement ?? one.getRootNode().host) yield one;
  };
  const isMore = (control) => {
    const names = [control.textContent, control.value, control.getAttribute("aria-label"), control.title];
    const written = names.find((name) => typeof name === "string" && name.trim()) ?? "";
    const label = written.length > 4 * longest ? "" : normalised(written);
    if (!label || label.length > longest || HARMFUL.test(label)) return false;
    const isShort = MORE.test(label);
    if (!isShort && !LOADS_MORE.test(label)) return false;
    if (control.hasAttribute("aria-haspopup") || control.matches(":disabled, [aria-disabled=true]")) return false;
    if (control.form || LEAVES.test(control.getAttribute("onclick") ?? "")) return false;
    const address = control.getAttribute("href") ?? "";
    if (/^#[!/]/.test(address) || (!address.startsWith("#") && LEAVES.test(address))) return false;
    for (const one of around(control)) {
      if (one.matches(AROUND) || (isShort && one.matches(IN_MENU)) || CONSENT.test(`${one.id} ${one.getAttribute("class") ?? ""}`)) return false;
      if (one !== control && one.matches("a[href]")) return false;
    }
    const seen = control.getBoundingClientRect();
    return seen.width > 0 && seen.height > 0;
  };
  let controls = 0;
  let pressed = false;
  for (const root of roots) {
    for (const control of root.querySelectorAll(CONTROLS)) {
      if (++controls > MOST_CONTROLS || pressed) break;
      // An element around a control is not pressed instead of it, and a control that leads elsewhere is not pressed at all.
      if (control.querySelector("button, [role=button], a[href], input, form") || !isMore(control)) continue;
      /** @type {HTMLElement} */ (control).click();
      pressed = true;
    }
  }
  return { asked: asked || pressed, pressed, length, at, isLast: false };
}
