// Keys for those who work through a list all day. Off until they are switched on, on this device only.
"use strict";

(() => {
  const STORE = "keys";
  const help = document.getElementById("keys");
  const tick = document.getElementById("keys-on");
  if (!help || !tick) return;
  help.hidden = false;

  const remembered = () => {
    try {
      return window.localStorage.getItem(STORE) === "on";
    } catch {
      return false;
    }
  };
  tick.checked = remembered();
  tick.addEventListener("change", () => {
    try {
      window.localStorage.setItem(STORE, tick.checked ? "on" : "off");
    } catch {
      // Without a store it holds for this page.
    }
  });

  const typing = (node) => node.closest("textarea, select, [contenteditable], input:not([type='radio']):not([type='checkbox'])");

  function choose(number) {
    const near = document.activeElement.closest("fieldset");
    const group = near && near.querySelector("input[type='radio']") ? near : document.querySelector("#call fieldset:has(input[type='radio'])");
    const choices = group ? [...group.querySelectorAll("input[type='radio']")] : [];
    if (!choices[number - 1]) return false;
    choices[number - 1].click();
    choices[number - 1].focus();
    return true;
  }

  function step(by) {
    const rows = [...document.querySelectorAll("[data-rows] a")];
    if (!rows.length) return false;
    const now = rows.indexOf(document.activeElement);
    rows[Math.min(Math.max(now + by, 0), rows.length - 1)].focus();
    return true;
  }

  const acts = {
    j: () => step(1),
    k: () => step(-1),
    "/": () => {
      const search = document.querySelector("input[name='search']");
      if (search) search.focus();
      return Boolean(search);
    },
    "?": () => {
      help.open = !help.open;
      help.querySelector("summary").focus();
      return true;
    },
  };

  document.addEventListener("keydown", (event) => {
    if (!tick.checked || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    const done = /^[1-9]$/.test(event.key) ? choose(Number(event.key)) : acts[event.key] && acts[event.key]();
    if (done) event.preventDefault();
  });

  // The next call came without a new page: its heading is read first.
  document.addEventListener("htmx:afterSettle", (event) => {
    const heading = event.target.id === "call" && event.target.querySelector("#who");
    if (heading && !event.target.querySelector(".error-summary")) {
      heading.focus();
      window.scrollTo({ top: 0 });
    }
  });
})();
