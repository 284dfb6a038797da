import Martinet
