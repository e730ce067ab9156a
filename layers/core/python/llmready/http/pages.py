"""Small HTML pages to which the links in mails lead on stages without a web app. They call the API."""

import base64
import hashlib
from string import Template

_STYLE = """
  body { margin: 0; padding: 40px 16px; background: #f4f5f7; color: #1c2430;
    font: 16px/1.5 -apple-system, "Segoe UI", Roboto, Helvetica, Arial, sans-serif; }
  main { max-width: 420px; margin: 0 auto; padding: 28px; background: #fff; border-radius: 8px; }
  h1 { margin: 0 0 12px; font-size: 22px; }
  label { display: block; font-weight: 600; }
  input { box-sizing: border-box; width: 100%; margin: 4px 0 16px; padding: 10px; font: inherit;
    border: 1px solid #8a94a0; border-radius: 6px; background: inherit; color: inherit; }
  button { padding: 12px 22px; font: inherit; font-weight: 600; border: 0; border-radius: 6px;
    background: #0b5cad; color: #fff; cursor: pointer; }
  [hidden] { display: none; }
  @media (prefers-color-scheme: dark) {
    body { background: #14181d; color: #e6e9ec; }
    main { background: #1e242b; }
    button { background: #8ec3ff; color: #0d1a26; }
  }
"""

# The token is in the fragment (#), which browsers do not send; the script sends it in a request body.
_SCRIPT = """
  const token = new URLSearchParams(location.hash.slice(1)).get("token") || "";
  const form = document.querySelector("form");
  const result = document.querySelector("#result");
  const asks = form.dataset.without && !token;
  for (const part of document.querySelectorAll("[data-when]"))
    part.hidden = (part.dataset.when === "asks") !== Boolean(asks);
  for (const input of form.querySelectorAll("input")) input.disabled = input.closest("[hidden]") !== null;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    const body = asks ? fields : { token, ...fields };
    const button = form.querySelector("button");
    button.disabled = true;
    try {
      const answer = await fetch(asks ? form.dataset.without : form.dataset.to, {
        method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
      const said = await answer.json();
      result.textContent = answer.ok ? said.message
        : (said.errors || []).map((error) => error.message).join(" ") || said.detail || said.message;
      if (answer.ok) { form.hidden = true; history.replaceState(null, "", location.pathname); }
      else button.disabled = false;
    } catch {
      result.textContent = "The service could not be reached. Please try again.";
      button.disabled = false;
    }
  });
"""

_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>$title · LLMReady</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$form
<p id="result" role="status"></p>
<noscript><p>This page needs JavaScript. Without it, send the token of the mail to the API instead:
<code>POST $path</code>.</p></noscript>
</main>
<script>$script</script>
</body>
</html>
""")

_VERIFY = """<form data-to="verify-email">
<p>Do you want to confirm the address that you signed up with?</p>
<button>Yes, confirm it</button>
</form>"""

_RESET = """<form data-to="reset-password" data-without="forgot-password">
<div data-when="token"><label for="new">New password</label>
<input id="new" name="new_password" type="password" autocomplete="new-password" minlength="8" maxlength="128"
required>
</div>
<div data-when="asks" hidden><label for="email">Your address</label>
<input id="email" name="email" type="email" autocomplete="email" required></div>
<button><span data-when="token">Set the new password</span>
<span data-when="asks" hidden>Send me a mail</span></button>
</form>"""

_TITLES = {"verify-email": "Confirm your address", "reset-password": "Choose a new password"}
_FORMS = {"verify-email": _VERIFY, "reset-password": _RESET}


def mail_page(name: str, path: str) -> tuple[str, dict[str, str]]:
    """Return a page, and headers that prevent it from loading or sending data elsewhere.

    Args:
        name: ``verify-email`` or ``reset-password``.
        path: Path of the POST route that the page calls.
    """
    html = _PAGE.substitute(title=_TITLES[name], style=_STYLE, script=_SCRIPT, form=_FORMS[name], path=path)
    policy = (
        f"default-src 'none'; script-src '{source_hash(_SCRIPT)}'; style-src '{source_hash(_STYLE)}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return html, {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}


_UNSUBSCRIBE_PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Mails · LLMReady</title>
<style>$style</style>
</head>
<body>
<main>
<h1>$title</h1>
$content
</main>
</body>
</html>
""")


def unsubscribe_page(mails: str, *, done: bool) -> tuple[str, dict[str, str]]:
    """Return the page that turns off a kind of mails, and its headers.

    Opening the page changes nothing, because malware scanners also open links in mails. The mails are turned off
    when the user presses the button.

    Args:
        mails: The kind of mails, as the end of a sentence.
        done: Whether the mails are already turned off.
    """
    if done:
        title = "Done"
        content = f"<p>You will get no more mails {mails}. You can turn them on again in your account.</p>"
    else:
        title = "Do you want to turn off these mails?"
        content = f'<p>This turns off mails {mails}.</p><form method="post"><button>Turn off</button></form>'
    html = _UNSUBSCRIBE_PAGE.substitute(title=title, style=_STYLE, content=content)
    policy = (
        f"default-src 'none'; style-src '{source_hash(_STYLE)}'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )
    return html, {"Content-Security-Policy": policy, "Referrer-Policy": "no-referrer"}


def source_hash(text: str) -> str:
    """Return the Content-Security-Policy source (a hash) of an inline script or style."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
