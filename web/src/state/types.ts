// What the user interface sees. Events and keys stay below.
export { CodedError, codeOf } from '../protocol/errors';

/** 64 lowercase hexadecimal digits. */
export type Hex = string;
export type Role = 'member' | 'editor' | 'operator';

export interface Person {
  pubkey: Hex;
  name: string;
  about?: string;
  /** A URL on this node. */
  picture?: string;
  nip05?: string;
  role?: Role;
  npub: string;
}

export type SendState = 'sending' | 'sent' | 'failed';

export interface Message {
  /** Id of the rumor (NIP-59). */
  id: Hex;
  conversation: string;
  author: Hex;
  mine: boolean;
  text: string;
  /** Unix seconds, as its author says. */
  at: number;
  state: SendState;
  /** Code of the last refusal. */
  error?: string;
}

export interface Conversation {
  /** Sorted public keys of the others joined by ","; one's own notes: the own key. */
  id: string;
  /** The others. */
  people: Hex[];
  subject?: string;
  last?: Message;
  unread: number;
}

export interface Article {
  /** naddr1… */
  address: string;
  pubkey: Hex;
  d: string;
  title: string;
  summary: string;
  /** A URL on this node. */
  image?: string;
  /** Markdown without HTML. */
  content: string;
  language?: string;
  section?: string;
  /** Unix seconds. */
  publishedAt: number;
  updatedAt: number;
  /** Where an imported article came from. */
  link?: string;
}

export interface Rendition {
  /** A URL on this node. */
  url: string;
  sha256: Hex;
  type: string;
  /** Bytes. */
  size: number;
  width: number;
  height: number;
  /** Bits a second. */
  bitrate?: number;
}

export interface Video {
  /** naddr1…, or nevent1… for kinds that are not addressable. */
  address: string;
  pubkey: Hex;
  d?: string;
  title: string;
  description: string;
  /** A URL on this node. */
  poster?: string;
  /** Seconds; 0 when unknown. */
  duration: number;
  /** Smallest first. */
  renditions: Rendition[];
  publishedAt: number;
  language?: string;
}

export type Load = 'loading' | 'ready' | 'offline' | 'failed';

/** The node's word on itself (`GET /api/node`). */
export interface NodeInfo {
  name: string;
  pubkey: Hex;
  /** Unix seconds when it answered. */
  time: number;
  version: string;
  open: boolean;
  /** It has ffmpeg. */
  video: boolean;
  /** Bytes a blob. */
  memberUploadMax: number;
  editorUploadMax: number;
}

export interface Session {
  pubkey: Hex;
  name: string;
  /** Follows the roster. */
  role: Role;
  stay: boolean;
}

export type UploadStage =
  | 'hashing'
  | 'uploading'
  | 'queued'
  | 'processing'
  | 'ready'
  | 'publishing'
  | 'done'
  | 'failed'
  | 'stopped';

export interface VideoMeta {
  title: string;
  description: string;
  language: string;
}

/** One file the node made of a video (`GET /api/media/<sha256>`). */
export interface MediaFile {
  sha256: Hex;
  size: number;
  type: string;
  width: number;
  height: number;
  bitrate?: number;
}

/** The node's work on a video (`GET /api/media/<sha256>`). */
export interface MediaJob {
  source: Hex;
  state: 'queued' | 'running' | 'done' | 'failed';
  stage?: string;
  progress: number;
  error?: string;
  duration?: number;
  width?: number;
  height?: number;
  poster?: MediaFile;
  renditions?: MediaFile[];
}

export interface VideoUpload extends VideoMeta {
  id: string;
  /** File name. */
  file: string;
  size: number;
  stage: UploadStage;
  /** 0 to 1 of the stage. */
  progress: number;
  /** "probe", "poster", "240p", "480p" while processing. */
  mediaStage?: string;
  /** Code, when failed. */
  error?: string;
  /** The file is no longer at hand (after a reload): it must be chosen again to retry. */
  lost?: boolean;
  job?: MediaJob;
  result?: Video;
}

export interface ArticleDraft {
  d?: string;
  title: string;
  summary: string;
  content: string;
  /** Absolute URL, as it goes into the event. */
  image?: string;
  language: string;
  section?: string;
  publishedAt?: number;
}
