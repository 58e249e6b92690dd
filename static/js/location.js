// Adds where the person is to a form: once, at their own tap, never before and never again by itself.
"use strict";

(() => {
  if (!navigator.geolocation) return;

  document.querySelectorAll("[data-location]").forEach((place) => {
    const form = place.closest("form");
    const status = place.querySelector("[role='status']");
    const say = (words) => (status.textContent = words);

    place.hidden = false;
    place.querySelector("button").addEventListener("click", () => {
      navigator.geolocation.getCurrentPosition(
        ({ coords }) => {
          form.elements.latitude.value = coords.latitude;
          form.elements.longitude.value = coords.longitude;
          form.elements.accuracy.value = coords.accuracy;
          say(place.dataset.found.replace("{metres}", Math.round(coords.accuracy)));
        },
        () => say(place.dataset.failed),
        { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 },
      );
    });
  });
})();
