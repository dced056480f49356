import { joinAreas } from './join';

export default joinAreas(import.meta.glob('./en/*.json', { eager: true, import: 'default' }));
