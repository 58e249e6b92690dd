// Small helps on top of pages that work without any script.
"use strict";

(() => {
  const root = document.documentElement;
  root.classList.add("js");


  // After an error the summary is read first.
  function focusSummary(node) {
    const summary = node.querySelector(".error-summary");
    if (summary) summary.focus();
  }

  function showCopyButtons(node) {
    if (!navigator.clipboard) return;
    node.querySelectorAll("[data-copy]").forEach((button) => (button.hidden = false));
  }

  function prepare(node) {
    focusSummary(node);
    showCopyButtons(node);
  }

  // A second press while the first is on its way does nothing; the words stay.
  function release(form) {
    delete form.dataset.sent;
    form.querySelectorAll("[aria-disabled='true'][data-pressed]").forEach((button) => {
      button.removeAttribute("aria-disabled");
      button.removeAttribute("data-pressed");
    });
  }

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (form.method !== "post") return;
      if (form.dataset.sent) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      form.dataset.sent = "1";
      if (event.submitter) {
        event.submitter.setAttribute("aria-disabled", "true");
        event.submitter.dataset.pressed = "1";
      }
      // An answer that leaves the page standing (a download, a lost connection) must not lock the form.
      window.setTimeout(() => release(form), 8000);
    },
    true,
  );

  window.addEventListener("pageshow", () => document.querySelectorAll("form[data-sent]").forEach(release));

  // Copy a text that stands on the page; the button says so for three seconds.
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const source = document.querySelector(button.dataset.copy);
    if (!source) return;
    navigator.clipboard.writeText(source.textContent.trim()).then(() => {
      const label = button.querySelector(".copy-label");
      const before = label.textContent;
      if (before === button.dataset.copied) return;
      label.textContent = button.dataset.copied;
      window.setTimeout(() => (label.textContent = before), 3000);
    });
  });

  // A menu closes with Escape, a press outside, or when focus leaves it.
  const openMenus = () => document.querySelectorAll("details.menu[open]");

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    openMenus().forEach((menu) => {
      menu.open = false;
      menu.querySelector("summary").focus();
    });
  });

  const closeOthers = (event) => openMenus().forEach((menu) => menu.contains(event.target) || (menu.open = false));
  document.addEventListener("click", closeOthers);
  document.addEventListener("focusin", closeOthers);

  // Paper has no click: everything folded is opened for print and folded again.
  let folded = [];
  window.addEventListener("beforeprint", () => {
    folded = [...document.querySelectorAll("main details.explain:not([open])")];
    folded.forEach((details) => (details.open = true));
  });
  window.addEventListener("afterprint", () => folded.forEach((details) => (details.open = false)));

  // htmx: the token goes along, errors are said in words, the summary gets the focus.
  document.addEventListener("htmx:configRequest", (event) => {
    const token = document.querySelector("meta[name='csrf-token']");
    if (token) event.detail.headers["X-CSRFToken"] = token.content;
  });

  document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));

  document.addEventListener("htmx:afterSwap", () => say(null));

  document.addEventListener("htmx:afterRequest", (event) => {
    const form = event.detail.elt.closest("form");
    if (form) release(form);
  });

  function say(id) {
    const place = document.getElementById("announcement");
    const words = id && document.getElementById(id);
    if (place) place.replaceChildren(...(words ? [words.content.cloneNode(true)] : []));
    if (words) place.scrollIntoView({ block: "nearest" });
  }

  document.addEventListener("htmx:sendError", () => say("words-no-connection"));
  document.addEventListener("htmx:timeout", () => say("words-no-connection"));
  document.addEventListener("htmx:responseError", () => say("words-not-done"));

  prepare(document);
})();
