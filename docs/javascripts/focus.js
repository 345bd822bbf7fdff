// Blocks of code and tables that scroll must be reachable by keyboard (WCAG 2.1.1); the theme does so with a mouse only.
document$.subscribe(() => {
  for (const part of document.querySelectorAll("pre > code, .md-typeset__scrollwrap, .md-typeset__table")) {
    part.setAttribute("tabindex", "0");
  }
});
