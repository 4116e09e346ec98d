// Light or dark: as the system says, or as was chosen. Not a module, so that it runs before the first paint.
(() => {
  const kNext = {system: 'light', light: 'dark', dark: 'system'};
  const kLabels = {system: 'Colours: as the system', light: 'Colours: light', dark: 'Colours: dark'};
  const kSigns = {system: '◐', light: '○', dark: '●'};
  let chosen = 'system';
  try {
    const stored = localStorage.getItem('kseek-theme');
    if (stored in kNext) chosen = stored;
  } catch { /* storage may be forbidden: then the choice lasts as long as the page */ }

  function apply() {
    if (chosen === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = chosen;
    const button = document.getElementById('theme');
    if (!button) return;
    button.setAttribute('aria-label', kLabels[chosen]);
    button.title = kLabels[chosen];
    button.textContent = kSigns[chosen];
  }

  apply();
  document.addEventListener('DOMContentLoaded', () => {
    apply();
    document.getElementById('theme').addEventListener('click', () => {
      chosen = kNext[chosen];
      try {
        localStorage.setItem('kseek-theme', chosen);
      } catch { /* as above */ }
      apply();
    });
  });
})();
