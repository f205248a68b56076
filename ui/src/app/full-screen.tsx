import type { ReactNode } from 'react';
import { Brand } from '../components/brand';
import { Foot } from '../components/foot';
import { AppearanceMenu } from './appearance-menu';
import classes from './full-screen.module.css';

interface FullScreenProps {
  title: string;
  text: string;
  wide?: boolean;
  /** Between the mark and the title. */
  above?: ReactNode;
  children: ReactNode;
}

/** A page with one purpose: nothing around it but the mark and the choice of language and looks. */
export function FullScreen({ title, text, wide = false, above, children }: FullScreenProps) {
  return (
    <main className={classes.page}>
      <div className={classes.top}>
        <AppearanceMenu />
      </div>
      <div className={classes.column} data-wide={wide || undefined}>
        <header className={classes.head}>
          <Brand size={48} />
          {above}
          <h1 className={classes.title}>{title}</h1>
          <p className={classes.text}>{text}</p>
        </header>
        {children}
        <Foot />
      </div>
    </main>
  );
}
