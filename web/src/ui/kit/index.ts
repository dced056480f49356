/**
 * The kit: what every page is built of. Each part has its style beside it and takes its words by props, already
 * translated; only what is the same everywhere ("Back", "Close", "Loading") the kit says itself.
 *
 * - A page: `Page` (title bar, content that scrolls, foot), two side by side: `Split`. Never a scroller of your own.
 * - To do something: `Button`, `IconButton`; to go somewhere: `ButtonLink`, or `IconButton` with `href`. One `primary`
 *   a screen.
 * - To ask: `Field`, `TextArea`, `Select`, `Check`, `FileButton`; before what cannot be undone: `Confirm`; else `Dialog`.
 * - Lists: `List` of `ListRow`; while they load `Skeleton`; when there is nothing `Empty`; when it failed `Note`.
 * - To tell: `Note` stays, `toast()` passes, `announce()` is for screen readers alone. Long work: `ProgressBar`.
 * - Colours, sizes and spaces come from src/styles/tokens.css. Logical properties in their long forms, grid-gap or
 *   margins instead of flex gap, nothing newer than Chrome 80.
 */
export { Avatar, initials, type AvatarProps } from './Avatar';
export { Button, ButtonLink, ButtonRow, type ButtonKind, type ButtonProps } from './Button';
export { Confirm, Dialog, type ConfirmProps, type DialogProps } from './Dialog';
export { Empty, type EmptyProps } from './Empty';
export { Check, Field, FieldBox, Select, tied, type CheckProps, type FieldProps, type SelectProps } from './Field';
export { FileButton, type FileButtonProps } from './FileButton';
export { Icon, type IconName } from './Icon';
export { IconButton, type IconButtonProps } from './IconButton';
export { Badge, List, ListRow, Tag, type ListRowProps } from './ListRow';
export { Note, type NoteProps } from './Note';
export { Page, Split, TitleBar, type PageProps, type TitleBarProps } from './Page';
export { ProgressBar, type ProgressBarProps } from './ProgressBar';
export { Qr, type QrProps } from './Qr';
export { Skeleton, type SkeletonProps } from './Skeleton';
export { Tabs, type TabsProps } from './Tabs';
export { TextArea, type TextAreaProps } from './TextArea';
export { sameDay, Time, type TimeProps } from './Time';
export { announce, Live, toast } from './Toast';
export { scalePicture } from './picture';
