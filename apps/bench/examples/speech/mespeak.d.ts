declare module 'mespeak' {
  /** How something is said. */
  interface SpeakOptions {
    voice?: string;
    /** A timbre: m1 to m7, f1 to f5. */
    variant?: string;
    /** Words a minute. */
    speed?: number;
    /** 0 to 99. */
    pitch?: number;
    /** Between words, in 10 ms. */
    wordgap?: number;
    /** The form of the result: 'array' is a WAV file's bytes as a list. */
    rawdata: 'array';
  }
  export interface Mespeak {
    loadConfig(config: object): void;
    loadVoice(voice: object): void;
    speak(text: string, options: SpeakOptions): number[];
  }
}
