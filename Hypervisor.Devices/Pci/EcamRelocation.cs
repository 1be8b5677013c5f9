using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;
using Hypervisor.Core.Traps;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Follows the registers that move or switch off the window of segment 0 (M45): PCIEXBAR of Intel's host bridges and MSR C001_0058 of AMD's processors. A window that
/// none of them is known to move stays where the ACPI table says.
/// </summary>
internal sealed class EcamRelocation
{
    /// <summary>MMIO Configuration Base Address.</summary>
    internal const uint AmdMsr = 0xC001_0058;

    private const ushort Intel = 0x8086;
    private const ushort Q35 = 0x29C0;
    private const int None = -1;
    private const ulong ReportedMoves = 16; // a guest that moves it to and fro does not fill the log

    private readonly PciConfiguration _configuration;
    private int _window = None;
    private bool _hasBridge;
    private bool _isStrict;
    private bool _hasComplained;

    internal EcamRelocation(PciConfiguration configuration)
    {
        _configuration = configuration;
    }

    /// <summary>Times a window was moved or switched.</summary>
    internal ulong Moves { get; private set; }

    private static PciAddress HostBridge => new(0, 0, 0, 0);

    /// <summary>Finds out whether something moves the window of segment 0, claims all windows and the MSR.</summary>
    /// <param name="host">Who claims.</param>
    /// <param name="isStrict">Whether instructions the host does not know are refused, rather than executed past it.</param>
    internal void Attach(MediatorHost host, bool isStrict)
    {
        EcamWindows windows = _configuration.Windows;
        _isStrict = isStrict;
        _window = None;
        for (int i = 0; i < windows.Count; i++)
        {
            _window = windows[i].Segment == 0 && windows[i].FirstBus == 0 ? i : _window;
        }

        PciIdentity identity = new(ReadBridge(host, PciRegister.Identity));
        EcamPlace place = EcamPlace.OfPciExBar(ReadPciExBar(host));
        _hasBridge = identity.Vendor == Intel && (identity.Device == Q35 || (_window >= 0 && IsAt(windows[_window], place)));
        bool hasMsr = false;
        if (_hasBridge)
        {
            Begin(host, EcamSource.PciExBar, place);
        }
        else if (host.TryReadMsr(AmdMsr, out ulong msr) && identity.Vendor != Intel)
        {
            hasMsr = true;
            Begin(host, EcamSource.AmdMsr, EcamPlace.OfAmdMsr(msr));
        }

        for (int i = 0; i < windows.Count; i++)
        {
            if (windows[i].IsActive)
            {
                Claim(host, i);
                McfgTable.Describe(host.Log(LogLevel.Information), windows[i]).End();
            }
        }

        if (hasMsr)
        {
            _ = host.ClaimMsr(AmdMsr);
        }
    }

    /// <summary>Whether a function is the host bridge with PCIEXBAR.</summary>
    internal bool IsMover(PciAddress address) => _hasBridge && address.Packed == HostBridge.Packed;

    /// <summary>Whether an access touches PCIEXBAR.</summary>
    internal static bool Touches(in PciGuestAccess access) => access.Touches(PciRegister.PciExBar, sizeof(ulong));

    /// <summary>
    /// Whether the guest may write to the host bridge. While something is hidden the window stays where it is: at another place it would show what is hidden, until it was claimed there, or for ever
    /// where it cannot be.
    /// </summary>
    internal bool MayWrite(MediatorHost host, in PciGuestAccess access)
    {
        if (!_isStrict || (!access.IsUncertain && !Touches(access)))
        {
            return true;
        }

        int upper = PciRegister.PciExBar + sizeof(uint);
        ulong value = access.Over(PciRegister.PciExBar, ReadBridge(host, PciRegister.PciExBar)) | ((ulong)access.Over(upper, ReadBridge(host, upper)) << 32);
        return !access.IsUncertain && Stays(host, EcamPlace.OfPciExBar(value));
    }

    /// <summary>Whether the guest may write the MSR.</summary>
    internal bool MayWrite(MediatorHost host, ulong value) => !_isStrict || Stays(host, EcamPlace.OfAmdMsr(value));

    /// <summary>PCIEXBAR may have changed.</summary>
    internal void BridgeChanged(MediatorHost host) => Follow(host, EcamPlace.OfPciExBar(ReadPciExBar(host)));

    /// <summary>The MSR is being written.</summary>
    internal void MsrChanged(MediatorHost host, ulong value) => Follow(host, EcamPlace.OfAmdMsr(value));

    /// <summary>The machine has woken: registers may have what the firmware gave them.</summary>
    internal void Resume(MediatorHost host)
    {
        if (_hasBridge)
        {
            BridgeChanged(host);
        }
        else if (_window >= 0 && _configuration.Windows[_window].Source == EcamSource.AmdMsr && host.TryReadMsr(AmdMsr, out ulong msr))
        {
            MsrChanged(host, msr);
        }
    }

    private bool Stays(MediatorHost host, EcamPlace place)
    {
        bool stays = _window < 0 || IsAt(_configuration.Windows[_window], place) || (!_configuration.Windows[_window].IsActive && !place.IsEnabled);
        if (!stays && !_hasComplained)
        {
            _hasComplained = true;
            host.Log(LogLevel.Warning).Text("the guest wants to move the window: it stays, because something is hidden"u8).End();
        }

        return stays;
    }

    /// <summary>Puts what a register says in the place of what the table says.</summary>
    private void Begin(MediatorHost host, EcamSource source, EcamPlace place)
    {
        EcamWindows windows = _configuration.Windows;
        if (_window < 0 && source == EcamSource.PciExBar)
        {
            // No table names it, but the guest may use it, now or after it has switched it on.
            _window = windows.Add(new EcamWindow { LastBus = EcamWindow.MaximumBuses - 1 });
        }

        if (_window < 0 || (source == EcamSource.AmdMsr && !IsAt(windows[_window], place)))
        {
            return;
        }

        if (windows[_window].IsActive && !IsAt(windows[_window], place))
        {
            host.Log(LogLevel.Warning).Text("the MCFG table and the host bridge differ about the window of segment 0: the bridge is believed"u8).End();
        }

        windows[_window].Source = source;
        Put(ref windows[_window], place);
    }

    private void Follow(MediatorHost host, EcamPlace place)
    {
        if (_window < 0)
        {
            return;
        }

        ref EcamWindow window = ref _configuration.Windows[_window];
        if (IsAt(window, place) || (!window.IsActive && !place.IsEnabled))
        {
            return;
        }

        Moves++;
        if (window.IsActive)
        {
            host.ReleaseMemory(window.First, window.Last);
        }

        _configuration.Lock(host);
        host.ConfigurationPorts.WindowSize = 0;
        Put(ref window, place);
        _configuration.Unlock(host);
        if (window.IsActive)
        {
            Claim(host, _window);
        }

        if (Moves <= ReportedMoves)
        {
            McfgTable.Describe(host.Log(LogLevel.Information).Text(window.IsActive ? "window moved: "u8 : "window switched off: "u8), window).End();
        }
    }

    private void Claim(MediatorHost host, int index)
    {
        ref EcamWindow window = ref _configuration.Windows[index];
        _ = host.ClaimMemory(window.First, window.Last, PciTag.Window(index), new MemoryForm { IsStrict = _isStrict });
        if (window.Segment == 0)
        {
            OpenPassage(host, window);
        }
    }

    /// <summary>Lets pass there what passes at the ports. Of several windows of the segment the last one will do.</summary>
    private void OpenPassage(MediatorHost host, in EcamWindow window)
    {
        _configuration.Lock(host);
        ref ConfigurationPorts passage = ref host.ConfigurationPorts;
        passage.WindowFirst = window.First;
        passage.WindowSize = window.Last - window.First + 1;
        passage.WindowFunction = new PciAddress(0, window.FirstBus, 0).Packed;
        _configuration.Unlock(host);
    }

    private static void Put(ref EcamWindow window, EcamPlace place)
    {
        window.IsActive = place.IsEnabled;
        if (place.IsEnabled)
        {
            window.Base = place.Base;
            window.FirstBus = 0;
            window.LastBus = place.Buses - 1;
        }
    }

    private static bool IsAt(in EcamWindow window, EcamPlace place) =>
        window.IsActive && place.IsEnabled && window.FirstBus == 0 && window.Base == place.Base && window.LastBus == place.Buses - 1;

    private ulong ReadPciExBar(MediatorHost host) =>
        ReadBridge(host, PciRegister.PciExBar) | ((ulong)ReadBridge(host, PciRegister.PciExBar + sizeof(uint)) << 32);

    /// <summary>By the ports: the window may just have gone.</summary>
    private uint ReadBridge(MediatorHost host, int offset)
    {
        _configuration.Lock(host);
        uint value = PciPorts.Read(host, HostBridge, offset, sizeof(uint));
        _configuration.Unlock(host);
        return value;
    }
}
