/// How a report looks, by day and by night.
enum PageStyle {
  static let css = """
    :root{--paper:#fbfaf7;--card:#fff;--ink:#1d2230;--soft:#666d7d;--rule:#e3e1da;--grid:#ecebe5;--data:#3566c9;--acked:#1b8a5a;
    --edge:#b9bec9;--sacked:#7cc7a3;--loss:#d1344b;--fast:#e08a00;--partial:#b7791f;--timeout:#b3307f;--after:#8b5cf6;--probe:#0891b2;--accent:#3566c9}
    @media(prefers-color-scheme:dark){:root{--paper:#12151c;--card:#1a1f29;--ink:#e6e8ee;--soft:#98a1b3;--rule:#2b3240;--grid:#252b37;
    --data:#7aa2ff;--acked:#4cc38a;--edge:#4d5668;--sacked:#2f7d5a;--loss:#ff6b81;--fast:#ffb13d;--partial:#d9a441;--timeout:#ff7ac6;--after:#b79cff;--probe:#4fd1e8;--accent:#7aa2ff}}
    *{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
    main{max-width:1180px;margin:0 auto;padding:40px 24px 64px}header h1{font-size:28px;margin:0 0 4px;letter-spacing:-.01em}header p{margin:0;color:var(--soft)}
    h2{font-size:19px;margin:44px 0 12px}h3{font-size:16px;margin:0}
    .cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(165px,1fr));gap:12px;margin:26px 0 0;padding:0}
    .cards div{background:var(--card);border:1px solid var(--rule);border-radius:10px;padding:12px 14px}
    .cards dt{color:var(--soft);font-size:12.5px}.cards dd{margin:2px 0 0;font-size:19px;font-weight:600;font-variant-numeric:tabular-nums}
    .cards small{display:block;font-size:12px;font-weight:400;color:var(--soft)}
    figure{background:var(--card);border:1px solid var(--rule);border-radius:12px;margin:0 0 18px;padding:16px 16px 12px}
    figcaption p{margin:0 0 6px;color:var(--soft);font-size:13.5px}svg{display:block;width:100%;height:auto}
    .inner{cursor:crosshair}.inner path{fill:none;vector-effect:non-scaling-stroke}
    .grid{stroke:var(--grid)}.tick{fill:var(--soft);font-size:12.5px}.cross{stroke:var(--soft);stroke-dasharray:3 3;pointer-events:none}
    .select{fill:var(--accent);opacity:.14;pointer-events:none}
    path.data{stroke:var(--data);stroke-width:2}path.acked{stroke:var(--acked);stroke-width:1.5}path.edge{stroke:var(--edge);stroke-width:1.5}
    path.sacked{stroke:var(--sacked);stroke-width:1.5}path.window{stroke:var(--data);stroke-width:2}path.flight{stroke:var(--sacked);stroke-width:1}
    path.threshold{stroke:var(--fast);stroke-width:1.5;stroke-dasharray:6 4}path.smoothed{stroke:var(--data);stroke-width:2}
    path.limit{stroke:var(--timeout);stroke-width:1.5;stroke-dasharray:6 4}
    path.sample{stroke:var(--acked);stroke-width:3.5;stroke-linecap:round}path.loss{stroke:var(--loss);stroke-width:7;stroke-linecap:round;opacity:.85}
    path.repair{stroke-width:6;stroke-linecap:round}path.fast{stroke:var(--fast)}path.partial{stroke:var(--partial)}path.timeout{stroke:var(--timeout)}
    path.after{stroke:var(--after)}path.probe{stroke:var(--probe)}
    .legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--soft);padding:4px 0 0 4px}.key i{display:inline-block;width:14px;height:4px;border-radius:2px;margin:0 7px 3px 0;background:var(--data)}
    i.acked,i.sample{background:var(--acked)}i.edge{background:var(--edge)}i.sacked,i.flight{background:var(--sacked)}i.loss{background:var(--loss)}i.repair,i.loss,i.sample{width:9px;height:9px;border-radius:50%;margin-bottom:0}
    i.fast,i.threshold{background:var(--fast)}i.partial{background:var(--partial)}i.timeout,i.limit{background:var(--timeout)}i.after{background:var(--after)}i.probe{background:var(--probe)}
    .readout{margin-left:auto;font-variant-numeric:tabular-nums}
    .ladder{overflow:visible}.ladder text{font-size:12px;fill:var(--ink)}.ladder .label{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:11.5px}
    .ladder .remark{fill:var(--soft);font-size:11px}.ladder .phase{fill:var(--accent);font-weight:700}.ladder .party{font-weight:700;font-size:15px}
    .ladder .endpoint,.ladder .gap{fill:var(--soft)}.ladder .gap,.ladder .heading{paint-order:stroke;stroke:var(--card);stroke-width:7px}.ladder .heading{font-weight:700;font-size:13px}.ladder text.lost{fill:var(--loss)}.ladder text.repeated{fill:var(--fast)}
    .bar{stroke:var(--soft);stroke-width:2}.arrow{stroke:var(--data);stroke-width:1.5;fill:none}.arrow.lost{stroke:var(--loss)}.arrow.repeated{stroke:var(--fast)}.tip{fill:context-stroke}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}td,th{text-align:left;padding:5px 22px 5px 0;border-bottom:1px solid var(--rule);font-weight:400}th{color:var(--soft)}
    .bad{color:var(--loss)}.good{color:var(--acked)}footer{margin-top:40px;color:var(--soft);font-size:13px}
    .flow0{--flow:#3566c9}.flow1{--flow:#d1344b}.flow2{--flow:#1b8a5a}.flow3{--flow:#e08a00}.flow4{--flow:#8b5cf6}.flow5{--flow:#0891b2}.flow6{--flow:#b3307f}.flow7{--flow:#6b7280}
    @media(prefers-color-scheme:dark){.flow0{--flow:#7aa2ff}.flow1{--flow:#ff6b81}.flow2{--flow:#4cc38a}.flow3{--flow:#ffb13d}.flow4{--flow:#b79cff}.flow5{--flow:#4fd1e8}.flow6{--flow:#ff7ac6}.flow7{--flow:#a3acbd}}
    path.line{stroke:var(--flow);stroke-width:1.7}path.line.many{stroke-width:1.1;opacity:.6}i.line{background:var(--flow)}.number{text-align:right}.wide{overflow-x:auto}
    """
}
