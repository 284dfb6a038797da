/// What a report does when it is touched: a line follows the pointer through all graphs, a drag zooms, a double click
/// shows everything again. Without it the page shows the same.
enum PageScript {
  static let javascript = """
    (function(){
    var plots=[].slice.call(document.querySelectorAll('figure.plot')),L=76,W=1000,from=0,to=1,down=null;
    function short(v){return String(+v.toFixed(4))}
    function amount(v,top,kind){if(kind==='ms')return v.toFixed(1)+' ms';if(kind==='share')return v.toFixed(3);
    var r=kind==='bps',u=r?['bit/s','kbit/s','Mbit/s','Gbit/s']:['B','KiB','MiB','GiB'],k=r?1000:1024,i=0;
    while(top>=k&&i<3){top/=k;v/=k;i++}return v.toFixed(i?1:0)+' '+u[i]}
    function place(svg,e){var r=svg.getBoundingClientRect(),s=svg.viewBox.baseVal.width/r.width;
    return{x:Math.min(1,Math.max(0,((e.clientX-r.left)*s-L)/W)),y:((e.clientY-r.top)*s-10)}}
    function ticks(a,b){var n=(b-a)/6,p=Math.pow(10,Math.floor(Math.log10(n))),k=[1,2,5,10].filter(function(f){return f*p>=n})[0]*p,t=[];
    for(var v=Math.ceil(a/k)*k;v<=b*1.000001;v+=k)t.push(v);return t}
    function zoom(a,b){from=a;to=b;plots.forEach(function(f){var inner=f.querySelector('.inner'),h=inner.viewBox.baseVal.height,
    d=+f.dataset.duration,g=f.querySelector('.times'),y=g.firstElementChild?g.firstElementChild.getAttribute('y'):h+28;
    inner.setAttribute('viewBox',a*W+' 0 '+(b-a)*W+' '+h);g.textContent='';
    ticks(a*d,b*d).forEach(function(v){var t=document.createElementNS('http://www.w3.org/2000/svg','text');
    t.setAttribute('class','tick');t.setAttribute('text-anchor','middle');t.setAttribute('x',L+(v/d-a)/(b-a)*W);t.setAttribute('y',y);
    t.textContent=short(v)+' s';g.appendChild(t)})})}
    plots.forEach(function(f){var svg=f.querySelector('svg'),sel=f.querySelector('.select'),inner=f.querySelector('.inner');
    svg.addEventListener('pointermove',function(e){var p=place(svg,e),h=inner.viewBox.baseVal.height;
    plots.forEach(function(o){var c=o.querySelector('.cross');c.setAttribute('x1',L+p.x*W);c.setAttribute('x2',L+p.x*W);
    o.querySelector('.readout').textContent=((from+p.x*(to-from))*o.dataset.duration).toFixed(6)+' s'});
    var v=(1-p.y/h)*f.dataset.top;if(v>=0)f.querySelector('.readout').textContent+=' · '+amount(v,+f.dataset.top,f.dataset.measure);
    if(down!==null){var a=Math.min(down,p.x),b=Math.max(down,p.x);sel.setAttribute('x',L+a*W);sel.setAttribute('width',(b-a)*W)}});
    svg.addEventListener('pointerdown',function(e){down=place(svg,e).x;e.preventDefault()});
    svg.addEventListener('pointerup',function(e){if(down===null)return;var p=place(svg,e).x,a=Math.min(down,p),b=Math.max(down,p),s=to-from;
    down=null;sel.setAttribute('width',0);if(b-a>0.01)zoom(from+a*s,from+b*s)});
    svg.addEventListener('dblclick',function(){zoom(0,1)})});
    window.addEventListener('pointerup',function(){down=null;plots.forEach(function(f){f.querySelector('.select').setAttribute('width',0)})});
    })();
    """
}
