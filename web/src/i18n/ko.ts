import { joinAreas } from './join';

export default joinAreas(import.meta.glob('./ko/*.json', { eager: true, import: 'default' }));
