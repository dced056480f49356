import './Tabs.css';

export interface TabsProps<T extends string> {
  /** Names the group. */
  label: string;
  value: T;
  onChange: (value: T) => void;
  options: { value: T; label: string }[];
}

/** A choice of views, as buttons that stay pressed. Wraps when the words are long. */
export function Tabs<T extends string>({ label, value, onChange, options }: TabsProps<T>) {
  return (
    <div class="tabs" role="group" aria-label={label}>
      {options.map((option) => (
        <button
          key={option.value}
          type="button"
          class="tabs__tab"
          aria-pressed={option.value === value}
          onClick={() => onChange(option.value)}
        >
          {option.label}
        </button>
      ))}
    </div>
  );
}
