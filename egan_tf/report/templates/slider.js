(() => {
  const slider = document.getElementById("grid-slider");
  if (!slider) return;
  const grids = document.querySelectorAll("#all-grids img");
  const shown = document.getElementById("grid-shown");
  const caption = document.getElementById("grid-caption");
  const show = () => {
    const grid = grids[slider.value];
    const words = grid.parentElement.querySelector("figcaption").textContent;
    shown.src = grid.src;
    shown.alt = grid.alt;
    caption.textContent = words;
    slider.setAttribute("aria-valuetext", words);
  };
  slider.addEventListener("input", show);
  document.getElementById("grid-control").hidden = false;
  show();
})();
