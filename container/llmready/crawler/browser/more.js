// Asks a rendered page for more, as a reader does: scrolls to its end and presses a button that loads more.
// Returns whether it did either, and how much text the page has.
() => {
  const LOAD_MORE = new RegExp(
    "^(?:(?:load|show|view|see) (?:more|all|older|next)\\b.{0,30}|more (?:results|posts|articles|items|products|comments|news|stories)|" +
      "mehr (?:laden|anzeigen)|weitere .{1,30}(?:laden|anzeigen)|(?:afficher|charger|voir) (?:plus|la suite).{0,30}|" +
      "(?:cargar|ver|mostrar) más.{0,30}|carregar mais.{0,30}|ver mais|mostra altri.{0,30}|carica altr.{0,30}|meer (?:laden|tonen)|" +
      "показать (?:ещё|еще).{0,30}|загрузить (?:ещё|еще)|(?:加载|查看|显示)更多.{0,10}|載入更多|もっと(?:見る|読み込む)|더 ?보기)$",
    "i",
  );
  const LONGEST_LABEL = 50;
  const MOST_BUTTONS = 2000;
  const root = document.scrollingElement ?? document.documentElement;
  const length = document.body?.innerText.length ?? 0;

  let asked = false;
  const before = window.scrollY;
  window.scrollTo(0, root.scrollHeight);
  asked ||= window.scrollY > before;
  // Applications often scroll a part of the page instead of the page.
  const inner = document.querySelector("main, [role=main], [role=feed]");
  for (let part = inner; part && part !== root; part = part.parentElement) {
    if (part.scrollHeight <= part.clientHeight + 1 || part.scrollTop + part.clientHeight >= part.scrollHeight - 1) continue;
    part.scrollTop = part.scrollHeight;
    asked ||= part.scrollTop > 0;
  }
  let examined = 0;
  for (const button of document.querySelectorAll("button, [role=button], a[href^='#'], a:not([href])")) {
    if (++examined > MOST_BUTTONS) break;
    const label = (button.textContent ?? "").trim().replace(/\s+/g, " ");
    if (!label || label.length > LONGEST_LABEL || !LOAD_MORE.test(label)) continue;
    const seen = button.getBoundingClientRect();
    if (!seen.width || !seen.height || button.matches(":disabled, [aria-disabled=true]") || button.closest("form, nav, dialog")) continue;
    /** @type {HTMLElement} */ (button).click();
    asked = true;
    break;
  }
  return { asked, length };
}
