using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Knows the functions of the machine and follows what the guest does to them: which are there, where, and where their base address registers point (M42, M43). All
/// calls are made inside the pci mediator, or while mediators are being attached.
/// </summary>
internal sealed class PciTracker
{
    private const int None = PciFunctions.None;
    private const int Functions = 8;
    private const int BusNumbersSize = 3;
    private const int WindowsSize = PciRegister.IoWindowUpper + sizeof(uint) - PciRegister.IoWindow;
    private const int ByteBits = 8;
    private const int BarSize = 4;
    private const uint BusResetBit = 1u << 6; // of bridge control (PCI-to-PCI Bridge 1.2 §3.2.5.18)
    private const int MaximumDepth = 256;

    private readonly PciConfiguration _configuration;
    private readonly PciPolicy _policy;
    private readonly EcamRelocation _relocation;
    private readonly PciBarClaims _barClaims;
    private int _pci = None;
    private bool _isScanned;
    private bool _saidFull;

    internal PciTracker(PciConfiguration configuration, PciPolicy policy, EcamRelocation relocation)
    {
        _configuration = configuration;
        _policy = policy;
        _relocation = relocation;
        _barClaims = new PciBarClaims(configuration, All);
    }

    /// <summary>The functions that are known.</summary>
    internal PciFunctions All { get; } = new();

    /// <summary>What mediators want.</summary>
    internal PciClaims Claims { get; } = new();

    /// <summary>The claims of what base address registers point to.</summary>
    internal PciBarClaims BarClaims => _barClaims;

    /// <summary>Begins anew.</summary>
    internal void Open(MediatorHost host)
    {
        _pci = host.Number;
        _isScanned = false;
        All.Open(host);
        All.Clear();
        Claims.Clear();
        _barClaims.Open(host);
        if (_policy.Hides)
        {
            Scan(host);
        }
    }

    /// <summary>Looks for all functions, once: what is hidden or claimed has to be known before the guest comes to it.</summary>
    internal void Scan(MediatorHost host)
    {
        if (_isScanned)
        {
            return;
        }

        _isScanned = true;
        ScanBuses(host, 0, 0, EcamWindow.MaximumBuses - 1);
        EcamWindows windows = _configuration.Windows;
        for (int i = 0; i < windows.Count; i++)
        {
            if (windows[i].IsActive && windows[i].Segment != 0)
            {
                ScanBuses(host, windows[i].Segment, windows[i].FirstBus, windows[i].LastBus);
            }
        }
    }

    /// <summary>A function answers where none was known.</summary>
    /// <param name="host">Who runs.</param>
    /// <param name="address">Where.</param>
    /// <param name="identity">Its identification.</param>
    /// <param name="hidden">Whether it is hidden.</param>
    /// <returns>Its number; <see cref="PciFunctions.None"/> where there is no room: it passes.</returns>
    internal int Discover(MediatorHost host, PciAddress address, PciIdentity identity, out bool hidden)
    {
        uint classCode = _configuration.Read(host, address, PciRegister.ClassRevision, sizeof(uint)) >> ByteBits;
        int parent = All.BridgeTo(address.Segment, address.Bus);
        hidden = _policy.Hides && (_policy.IsHidden(address, identity, classCode) || IsHiddenWithOthers(host, address, parent));
        int owner = Claims.Find(host, address, identity, classCode, out uint tag);
        int index = All.Add(address);
        if (index == None)
        {
            ComplainOnce(host, address);
            if (hidden)
            {
                SwitchOff(host, address);
            }

            return None;
        }

        ref PciFunctionRecord record = ref All[index];
        record.Identity = identity.Value;
        record.ClassCode = classCode;
        record.Header = (byte)_configuration.Read(host, address, PciRegister.HeaderType, sizeof(byte));
        record.Command = (ushort)_configuration.Read(host, address, PciRegister.Command, sizeof(ushort));
        record.Parent = (short)parent;
        record.Watch = _relocation.IsMover(address) ? PciWatch.MovesWindow : PciWatch.None;
        if (record.IsBridge)
        {
            record.Watch |= PciWatch.Bridge;
            ReadBusNumbers(host, ref record);
            Adopt(index);
        }

        if (hidden)
        {
            Hide(host, index);
        }

        if (owner >= 0)
        {
            Give(host, index, owner, tag);
            Tell(host, index, PciNotice.Found);
        }

        All.Publish(index);
        return index;
    }

    /// <summary>Gives a function to a mediator, without a word to it.</summary>
    internal void Give(MediatorHost host, int index, int owner, uint tag)
    {
        ref PciFunctionRecord record = ref All[index];
        record.Owner = (sbyte)owner;
        record.Tag = tag;
        Watch(host, index, PciWatch.Claimed);
    }

    /// <summary>What there is to say about a function.</summary>
    internal PciFunctionInfo Describe(int index, PciNotice notice, int bar = 0)
    {
        ref PciFunctionRecord record = ref All[index];
        PciIdentity identity = new(record.Identity);
        return new PciFunctionInfo
        {
            Notice = notice, Tag = record.Tag, Function = index, Address = new PciAddress(record.Address), IsPlaced = record.IsPlaced, VendorId = identity.Vendor,
            DeviceId = identity.Device, ClassCode = record.ClassCode, Command = record.Command, PowerState = record.PowerState, Bar = bar,
        };
    }

    /// <summary>The identification of a known function has been read.</summary>
    /// <returns>The function that is there now; <see cref="PciFunctions.None"/> for none.</returns>
    internal int Identified(MediatorHost host, int index, PciIdentity identity)
    {
        ref PciFunctionRecord record = ref All[index];
        PciAddress address = new(record.Address);
        bool isHidden = (record.Watch & PciWatch.Hidden) != 0;
        if (identity.Value == record.Identity || (!identity.IsSomebody && (!identity.IsNobody || isHidden)))
        {
            return index; // the same; or not ready; or out of reach for a while, which must not uncover it
        }

        Remove(host, index);
        return identity.IsSomebody ? Discover(host, address, identity, out _) : None;
    }

    /// <summary>Whether a write may change the numbers of buses.</summary>
    internal static bool Renumbers(in PciFunctionRecord record, in PciGuestAccess access) =>
        record.IsBridge && (access.IsUncertain || access.Touches(PciRegister.BusNumbers, BusNumbersSize));

    /// <summary>The guest is about to write to a function.</summary>
    /// <returns>
    /// False when it must not: it would move the window while something is hidden; or which register is meant only the hardware knows, and it may be one that has to be claimed where it will point.
    /// </returns>
    internal bool TryPrepare(MediatorHost host, int index, ref PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref All[index];
        if ((record.Watch & PciWatch.MovesWindow) != 0 && !_relocation.MayWrite(host, access))
        {
            return false;
        }

        if (access.IsUncertain)
        {
            return !_barClaims.IsStrict(index);
        }

        if (record.Bars >= 0 || record.IsShut)
        {
            _barClaims.Prepare(host, index, ref access);
        }

        return true;
    }

    /// <summary>The guest has written to a function that is looked at.</summary>
    internal void Written(MediatorHost host, int index, in PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref All[index];
        if (access.IsUncertain)
        {
            Refresh(host, index);
            return;
        }

        if ((record.Watch & PciWatch.MovesWindow) != 0 && EcamRelocation.Touches(access))
        {
            _relocation.BridgeChanged(host);
        }

        if (access.Touches(PciRegister.Command, sizeof(ushort)))
        {
            UpdateCommand(host, index);
        }

        if (record.IsBridge)
        {
            UpdateBridge(host, index, access);
        }

        if (record.Bars >= 0)
        {
            UpdateBars(host, index, access);
            UpdateCapabilities(host, index, access);
        }

        SettleObstructed(host);
    }

    /// <summary>Reads again what may have changed unseen.</summary>
    internal void Refresh(MediatorHost host, int index)
    {
        ref PciFunctionRecord record = ref All[index];
        PciAddress address = new(record.Address);
        if (_configuration.Read(host, address, PciRegister.Identity, sizeof(uint)) != record.Identity)
        {
            return; // not ready; or another one, which is found when the guest asks who it is
        }

        record.IsStale = false;
        All.Publish(index);

        // Where it answers is claimed by what the registers hold now, all of them.
        PciCommand before = new(record.Command);
        record.Command = (ushort)_configuration.Read(host, address, PciRegister.Command, sizeof(ushort));
        record.Withheld = PciSpaces.None;
        uint moved = record.Bars >= 0 ? _barClaims.Refresh(host, index) : 0;
        if (record.IsShut)
        {
            _barClaims.Shut(host, index);
        }

        if (new PciCommand(record.Command).DiffersIn(before))
        {
            Tell(host, index, PciNotice.CommandChanged);
        }

        if (record.IsBridge)
        {
            UpdateBusNumbers(host, index);
            _barClaims.SettleAll(host);
        }

        if ((record.Watch & PciWatch.MovesWindow) != 0)
        {
            _relocation.BridgeChanged(host);
        }

        TellMoved(host, index, moved);
    }

    /// <summary>
    /// The machine has woken: nothing that was read before can be relied on. The guest may go on without a look at configuration space, at addresses that the firmware has chosen: what is claimed or
    /// hidden is read at once, behind the bridges that lead there.
    /// </summary>
    internal void Resume(MediatorHost host)
    {
        for (int i = 0; i < All.End; i++)
        {
            All[i].IsStale = All[i].IsUsed && All[i].Watch != PciWatch.None;
            All.Publish(i);
        }

        RefreshWatched(host, PciWatch.Bridge);
        RefreshWatched(host, PciWatch.Claimed | PciWatch.Hidden);
        SettleObstructed(host);
    }

    private void RefreshWatched(MediatorHost host, PciWatch watch)
    {
        for (int i = 0; i < All.End; i++)
        {
            ref PciFunctionRecord record = ref All[i];
            if (record.IsUsed && record.IsPlaced && record.IsStale && (record.Watch & watch) != PciWatch.None)
            {
                Refresh(host, i);
            }
        }
    }

    /// <summary>What could not be claimed is tried again: what was in the way may have moved.</summary>
    private void SettleObstructed(MediatorHost host)
    {
        for (int i = 0; i < All.End && _barClaims.IsObstructed; i++)
        {
            ref PciFunctionRecord record = ref All[i];
            if (!record.IsUsed || !_barClaims.IsFunctionObstructed(i))
            {
                continue;
            }

            PciCommand before = new(record.Command);
            _barClaims.Settle(host, i);
            if (new PciCommand(record.Command).DiffersIn(before))
            {
                Tell(host, i, PciNotice.CommandChanged);
            }
        }
    }

    private void ScanBuses(MediatorHost host, int segment, int first, int last)
    {
        const int devices = 32;
        for (int bus = first; bus <= last; bus++)
        {
            for (int device = 0; device < devices; device++)
            {
                PciAddress address = new(segment, bus, device, 0);
                if (Visit(host, address)
                    && new PciHeaderType((byte)_configuration.Read(host, address, PciRegister.HeaderType, sizeof(byte))).IsMultiFunction)
                {
                    for (int function = 1; function < Functions; function++)
                    {
                        _ = Visit(host, address.OtherFunction(function));
                    }
                }
            }
        }
    }

    private bool Visit(MediatorHost host, PciAddress address)
    {
        PciIdentity identity = new(_configuration.Read(host, address, PciRegister.Identity, sizeof(uint)));
        if (identity.IsSomebody && All.Find(address.Packed) == None)
        {
            _ = Discover(host, address, identity, out _);
        }

        return identity.IsSomebody;
    }

    /// <summary>
    /// Without function 0 nobody finds the others of its device (PCI 3.0 §3.2.2.3.4), and nothing finds what is behind a bridge that is not there: they are hidden too, so
    /// that what cannot be found cannot be used either.
    /// </summary>
    private bool IsHiddenWithOthers(MediatorHost host, PciAddress address, int parent)
    {
        if (parent >= 0 && (All[parent].Watch & PciWatch.Hidden) != 0)
        {
            return true;
        }

        if (address.Function == 0)
        {
            return false;
        }

        PciAddress first = address.OtherFunction(0);
        int index = All.Find(first.Packed);
        if (index >= 0)
        {
            return (All[index].Watch & PciWatch.Hidden) != 0;
        }

        PciIdentity identity = new(_configuration.Read(host, first, PciRegister.Identity, sizeof(uint)));
        return identity.IsSomebody
            && _policy.IsHidden(first, identity, _configuration.Read(host, first, PciRegister.ClassRevision, sizeof(uint)) >> ByteBits);
    }

    private void Hide(MediatorHost host, int index)
    {
        ref PciFunctionRecord record = ref All[index];
        host.Log(LogLevel.Information).Pci(new PciAddress(record.Address)).Text(" ("u8).Pci(new PciIdentity(record.Identity)).Text(") is hidden"u8).End();
        Watch(host, index, PciWatch.Hidden);
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            _ = _barClaims.Want(host, index, i, _pci, PciTag.Hidden, wanted: true, new MemoryForm { IsStrict = true });
        }
    }

    private void Watch(MediatorHost host, int index, PciWatch why)
    {
        ref PciFunctionRecord record = ref All[index];
        record.Watch |= why;
        All.Publish(index);
        if (record.Bars >= 0)
        {
            return;
        }

        record.Bars = _barClaims.Bars.Take();
        if (record.Bars < 0)
        {
            host.Log(LogLevel.Error).Pci(new PciAddress(record.Address)).Text(": no room for its base address registers, which are not followed"u8)
                .Text(why == PciWatch.Hidden ? ": it is switched off"u8 : default).End();
            if (why == PciWatch.Hidden)
            {
                _barClaims.Shut(host, index);
            }

            return;
        }

        PciLayout.Measure(_configuration, host, record, _barClaims.Bars);
        PciCapabilities.Find(_configuration, host, ref record);
    }

    /// <summary>A function that is to be hidden, and that nothing can be kept about.</summary>
    private void SwitchOff(MediatorHost host, PciAddress address)
    {
        PciCommand command = new(_configuration.Read(host, address, PciRegister.Command, sizeof(ushort)));
        if (command.Decodes)
        {
            _configuration.Write(host, address, PciRegister.Command, sizeof(ushort), command.WithoutDecode().Value);
        }
    }

    private void ComplainOnce(MediatorHost host, PciAddress address)
    {
        if (!_saidFull)
        {
            _saidFull = true;
            host.Log(LogLevel.Warning).Text("more functions than there is room for: "u8).Pci(address).Text(" and others pass untracked"u8).End();
        }
    }

    private void Remove(MediatorHost host, int index)
    {
        RemoveOne(host, index);
        bool any = true;
        for (int depth = 0; any && depth < MaximumDepth; depth++)
        {
            any = false;
            for (int i = 0; i < All.End; i++)
            {
                if (All[i].IsUsed && All[i].Parent >= 0 && !All[All[i].Parent].IsUsed)
                {
                    RemoveOne(host, i);
                    any = true;
                }
            }
        }
    }

    private void RemoveOne(MediatorHost host, int index)
    {
        _barClaims.Forget(host, index);
        Tell(host, index, PciNotice.Removed);
        All.Remove(index);
    }

    /// <summary>A bridge is the one above functions that were seen before it was.</summary>
    private void Adopt(int bridge)
    {
        ref PciFunctionRecord above = ref All[bridge];
        int segment = new PciAddress(above.Address).Segment;
        for (int i = 0; i < All.End && above.SecondaryBus != 0; i++)
        {
            ref PciFunctionRecord record = ref All[i];
            PciAddress address = new(record.Address);
            if (record.IsUsed && i != bridge && record.Parent == None && address.Segment == segment && address.Bus == above.SecondaryBus)
            {
                record.Parent = (short)bridge;
            }
        }
    }

    private void ReadBusNumbers(MediatorHost host, ref PciFunctionRecord record)
    {
        uint buses = _configuration.Read(host, new PciAddress(record.Address), PciRegister.BusNumbers, sizeof(uint));
        record.SecondaryBus = (byte)(buses >> ByteBits);
        record.SubordinateBus = (byte)(buses >> (2 * ByteBits));
    }

    private void UpdateBridge(MediatorHost host, int index, in PciGuestAccess access)
    {
        if (access.Touches(PciRegister.BusNumbers, BusNumbersSize))
        {
            UpdateBusNumbers(host, index);
        }

        if (access.Touches(PciRegister.IoWindow, WindowsSize))
        {
            _barClaims.SettleAll(host);
        }

        if (access.Touches(PciRegister.BridgeControl, sizeof(ushort)) && (access.ValueAt(PciRegister.BridgeControl) & BusResetBit) != 0)
        {
            ResetBehind(host, index);
        }
    }

    private void UpdateBusNumbers(MediatorHost host, int index)
    {
        ref PciFunctionRecord bridge = ref All[index];
        byte before = bridge.SecondaryBus;
        ReadBusNumbers(host, ref bridge);
        if (bridge.SecondaryBus == before)
        {
            return;
        }

        for (int i = 0; i < All.End; i++)
        {
            if (All[i].IsUsed && All[i].Parent == index)
            {
                All.Displace(i);
            }
        }

        for (int depth = 0; depth < MaximumDepth && DisplaceOnce(); depth++)
        {
        }

        for (int depth = 0; depth < MaximumDepth && PlaceOnce(host); depth++)
        {
        }

        _barClaims.SettleAll(host);
    }

    /// <summary>What is behind a bridge that answers nowhere answers nowhere.</summary>
    private bool DisplaceOnce()
    {
        bool any = false;
        for (int i = 0; i < All.End; i++)
        {
            if (All[i].IsUsed && All[i].IsPlaced && All[i].Parent >= 0 && !All[All[i].Parent].IsPlaced)
            {
                All.Displace(i);
                any = true;
            }
        }

        return any;
    }

    private bool PlaceOnce(MediatorHost host)
    {
        bool any = false;
        for (int i = 0; i < All.End; i++)
        {
            ref PciFunctionRecord record = ref All[i];
            if (!record.IsUsed || record.IsPlaced || record.Parent < 0 || !All[record.Parent].IsPlaced || All[record.Parent].SecondaryBus == 0)
            {
                continue;
            }

            PciAddress address = new PciAddress(record.Address).OnBus(All[record.Parent].SecondaryBus);
            if (All.Find(address.Packed) == None)
            {
                All.Place(i, address.Packed);
                All.Publish(i);
                Tell(host, i, PciNotice.Renumbered);
                any = true;
            }
        }

        return any;
    }

    private void ResetBehind(MediatorHost host, int bridge)
    {
        for (int i = 0; i < All.End; i++)
        {
            if (All[i].IsUsed && IsBehind(i, bridge))
            {
                WasReset(host, i);
            }
        }
    }

    private bool IsBehind(int index, int bridge)
    {
        int above = All[index].Parent;
        for (int depth = 0; above >= 0 && above != bridge && depth < MaximumDepth; depth++)
        {
            above = All[above].Parent;
        }

        return above == bridge;
    }

    private void WasReset(MediatorHost host, int index)
    {
        ref PciFunctionRecord record = ref All[index];
        record.IsStale = record.Watch != PciWatch.None;
        All.Publish(index);
        record.PowerState = 0;
        if (record.Bars >= 0)
        {
            _barClaims.Reset(host, index);
        }

        Tell(host, index, PciNotice.Reset);
    }

    private void UpdateCommand(MediatorHost host, int index)
    {
        ref PciFunctionRecord record = ref All[index];
        PciCommand before = new(record.Command);
        PciCommand now = new(_configuration.Read(host, new PciAddress(record.Address), PciRegister.Command, sizeof(ushort)));
        record.Command = now.Value;
        if (!now.DiffersIn(before))
        {
            return;
        }

        if (record.IsBridge)
        {
            _barClaims.SettleAll(host);
        }
        else if (record.Bars >= 0)
        {
            _barClaims.Settle(host, index);
        }

        Tell(host, index, PciNotice.CommandChanged);
    }

    private void UpdateBars(MediatorHost host, int index, in PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref All[index];
        uint moved = 0;
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            PciBar bar = _barClaims.Bars[record.Bars, i];
            if (bar.IsTouched(access))
            {
                // A question covers the register; what narrower writes make of it is seen when it is read back.
                bool isSizing = access.Size == BarSize && new PciBarValue(access.Value).IsSizing(bar.Kind);
                moved |= _barClaims.Update(host, index, i, isSizing) ? 1u << i : 0;
            }
        }

        TellMoved(host, index, moved);
    }

    private void UpdateCapabilities(MediatorHost host, int index, in PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref All[index];
        int power = record.PowerCapability + PciCapabilities.PowerControl;
        if (record.PowerCapability != 0 && access.Touches(power, sizeof(ushort)))
        {
            byte before = record.PowerState;
            record.PowerState = PciCapabilities.PowerState(_configuration.Read(host, new PciAddress(record.Address), power, sizeof(ushort)));
            record.IsStale |= before != record.PowerState && record.PowerState == 0; // it may have lost its registers
            All.Publish(index);
            if (before != record.PowerState)
            {
                Tell(host, index, PciNotice.PowerChanged);
            }
        }

        int express = record.ExpressCapability + PciCapabilities.DeviceControl;
        int advanced = record.AdvancedCapability + PciCapabilities.AdvancedControl;
        if ((record.ExpressCapability != 0 && access.Touches(express, sizeof(ushort)) && PciCapabilities.IsFunctionReset(access.ValueAt(express)))
            || (record.AdvancedCapability != 0 && access.Touches(advanced, sizeof(byte)) && PciCapabilities.IsAdvancedReset(access.ValueAt(advanced))))
        {
            WasReset(host, index);
        }
    }

    private void TellMoved(MediatorHost host, int index, uint bars)
    {
        for (int i = 0; bars >> i != 0; i++)
        {
            if ((bars >> i & 1) != 0)
            {
                Tell(host, index, PciNotice.BarMoved, i);
            }
        }
    }

    private void Tell(MediatorHost host, int index, PciNotice notice, int bar = 0)
    {
        int owner = All[index].Owner;
        if (owner >= 0)
        {
            host.TellPciFunction(owner, Describe(index, notice, bar));
        }
    }
}
