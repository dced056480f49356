import { render } from 'preact';
import './styles/index.css';
import { networkChanged, start, visibilityChanged } from './state/start';
import { startRouter } from './ui/router';
import { App } from './ui/shell/App';

startRouter();
document.addEventListener('visibilitychange', () => visibilityChanged(!document.hidden));
addEventListener('online', () => networkChanged(true));
addEventListener('offline', () => networkChanged(false));

const place = document.getElementById('app');
if (place) render(<App />, place);
void start({ origin: location.origin, languages: navigator.languages || [navigator.language] });
