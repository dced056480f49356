import { joinAreas } from './join';

export default joinAreas(import.meta.glob('./ar/*.json', { eager: true, import: 'default' }));
