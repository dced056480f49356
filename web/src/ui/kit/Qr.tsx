import { useEffect, useState } from 'preact/hooks';
import './Qr.css';

export interface QrProps {
  /** What the code says. */
  text: string;
  /** Names the picture: "Code of your invite link". */
  label: string;
}

/** A QR code, always black on white so that any camera reads it. The encoder comes when it is first needed. */
export function Qr({ text, label }: QrProps) {
  const [cells, setCells] = useState<boolean[][] | null>(null);
  useEffect(() => {
    let wanted = true;
    void import('qr').then(({ encodeQR }) => {
      if (wanted) setCells(encodeQR(text, 'raw', { ecc: 'medium', border: 4 }));
    });
    return () => {
      wanted = false;
    };
  }, [text]);
  const size = cells ? cells.length : 1;
  return (
    <div class="qr">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shape-rendering="crispEdges">
        <rect width={size} height={size} fill="#ffffff" />
        {cells && <path d={outline(cells)} fill="#000000" />}
      </svg>
    </div>
  );
}

/** One path for all dark cells: each run of a row is one bar. */
export function outline(cells: boolean[][]): string {
  let path = '';
  cells.forEach((row, y) => {
    for (let x = 0; x < row.length; x++) {
      if (!row[x]) continue;
      const start = x;
      while (row[x + 1]) x++;
      path += `M${start} ${y}h${x + 1 - start}v1H${start}z`;
    }
  });
  return path;
}
