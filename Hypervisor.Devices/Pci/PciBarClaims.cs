using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Keeps claims of memory and ports where base address registers point: a claim is in force while its mediator wants it, the register holds an address, the space is
/// switched on, and every bridge on the way hands it on (M42, M73).
/// </summary>
internal sealed class PciBarClaims
{
    private const int ClaimsLock = 1;
    private const int MaximumDepth = 32;
    private const uint SubtractiveBridge = 0x06_0401;

    private readonly HostLock _lock = new(ClaimsLock);
    private readonly PciConfiguration _configuration;
    private readonly PciFunctions _functions;

    internal PciBarClaims(PciConfiguration configuration, PciFunctions functions)
    {
        _configuration = configuration;
        _functions = functions;
    }

    internal PciBars Bars { get; } = new();

    internal void Open(MediatorHost owner) => _lock.Open(owner);

    /// <summary>A mediator wants a register's range to be claimed, or no longer.</summary>
    /// <returns>False where there is no such register.</returns>
    internal bool Want(MediatorHost caller, int function, int index, int mediator, uint tag, bool wanted, MemoryForm form)
    {
        ref PciFunctionRecord record = ref _functions[function];
        if (!record.IsUsed || record.Bars < 0 || (uint)index >= PciBars.PerFunction)
        {
            return false;
        }

        _lock.Enter(caller);
        ref PciBar bar = ref Bars[record.Bars, index];
        Release(caller, ref bar);
        bar.IsWanted = wanted;
        bar.Mediator = (sbyte)mediator;
        bar.Tag = tag;
        bar.Form = form;
        Settle(caller, record, ref bar);
        bool exists = bar.Size != 0;
        _lock.Leave(caller);
        return exists;
    }

    /// <summary>Reads where all registers of a function point, and moves the claims.</summary>
    /// <returns>A bit for each register that has moved.</returns>
    internal uint Refresh(MediatorHost caller, int function)
    {
        uint moved = 0;
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            moved |= Update(caller, function, i, isSizing: false) ? 1u << i : 0;
        }

        return moved;
    }

    /// <summary>Reads where a register points, and moves the claim.</summary>
    /// <param name="caller">Who runs.</param>
    /// <param name="function">The function.</param>
    /// <param name="index">The register.</param>
    /// <param name="isSizing">Whether the guest has just asked for its size.</param>
    /// <returns>Whether it has moved.</returns>
    internal bool Update(MediatorHost caller, int function, int index, bool isSizing)
    {
        ref PciFunctionRecord record = ref _functions[function];
        ref PciBar bar = ref Bars[record.Bars, index];
        if (bar.Size == 0)
        {
            return false;
        }

        _lock.Enter(caller);
        ulong before = bar.Address;
        bool wasEnabled = bar.IsEnabled;
        bar.IsSizing = isSizing;
        if (!isSizing)
        {
            PciLayout.ReadAddress(_configuration, caller, new PciAddress(record.Address), ref bar);
        }

        Settle(caller, record, ref bar);
        bool moved = bar.Address != before || (bar.Kind == PciBarKind.Rom && bar.IsEnabled != wasEnabled);
        _lock.Leave(caller);
        return moved;
    }

    /// <summary>The function has been reset: its registers hold nothing.</summary>
    internal void Reset(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        record.Command = 0;
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            ref PciBar bar = ref Bars[record.Bars, i];
            bar.Address = 0;
            Settle(caller, record, ref bar);
        }

        _lock.Leave(caller);
    }

    /// <summary>Moves the claims of a function to where they belong.</summary>
    internal void Settle(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            Settle(caller, record, ref Bars[record.Bars, i]);
        }

        _lock.Leave(caller);
    }

    /// <summary>Moves all claims to where they belong: a bridge has changed.</summary>
    internal void SettleAll(MediatorHost caller)
    {
        for (int i = 0; i < _functions.End; i++)
        {
            if (_functions[i].IsUsed && _functions[i].Bars >= 0)
            {
                Settle(caller, i);
            }
        }
    }

    /// <summary>Drops the claims of a function and forgets its registers.</summary>
    internal void Forget(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        if (record.Bars < 0)
        {
            return;
        }

        _lock.Enter(caller);
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            ref PciBar bar = ref Bars[record.Bars, i];
            Release(caller, ref bar);
            bar = default;
        }

        Bars.Give(record.Bars);
        record.Bars = -1;
        _lock.Leave(caller);
    }

    private void Settle(MediatorHost caller, in PciFunctionRecord record, ref PciBar bar)
    {
        bool shall = ShallBeClaimed(caller, record, bar);
        if (bar.IsClaimed && (!shall || bar.ClaimedFirst != bar.Address))
        {
            Release(caller, ref bar);
        }

        if (shall && !bar.IsClaimed)
        {
            bar.ClaimedFirst = bar.Address;
            bar.IsClaimed = ClaimProblem.None == (bar.IsIo
                ? caller.ClaimPortsFor(bar.Mediator, (ushort)bar.Address, (ushort)(bar.Address + bar.Size - 1), bar.Tag)
                : caller.ClaimMemoryFor(bar.Mediator, bar.Address, bar.Address + bar.Size - 1, bar.Tag, bar.Form));
        }
    }

    private static void Release(MediatorHost caller, ref PciBar bar)
    {
        if (!bar.IsClaimed)
        {
            return;
        }

        ulong last = bar.ClaimedFirst + bar.Size - 1;
        if (bar.IsIo)
        {
            caller.ReleasePortsOf(bar.Mediator, (ushort)bar.ClaimedFirst, (ushort)last);
        }
        else
        {
            caller.ReleaseMemoryOf(bar.Mediator, bar.ClaimedFirst, last);
        }

        bar.IsClaimed = false;
    }

    private bool ShallBeClaimed(MediatorHost caller, in PciFunctionRecord record, in PciBar bar)
    {
        PciCommand command = new(record.Command);
        ulong last = bar.Address + bar.Size - 1;
        bool answers = bar.IsWanted && bar.Size != 0 && bar.Address != 0 && last > bar.Address && !bar.IsSizing && record.IsPlaced
            && (bar.IsIo ? command.IoSpace && last <= ushort.MaxValue : command.MemorySpace)
            && (bar.Kind != PciBarKind.Rom || bar.IsEnabled);
        return answers && caller.HasClaims(bar.Mediator) && IsReached(caller, record, bar.Address, last, bar.IsIo);
    }

    private bool IsReached(MediatorHost caller, in PciFunctionRecord record, ulong first, ulong last, bool isIo)
    {
        int bridge = record.Parent;
        for (int depth = 0; bridge >= 0 && depth < MaximumDepth; depth++)
        {
            ref PciFunctionRecord above = ref _functions[bridge];
            PciCommand command = new(above.Command);
            if (!above.IsPlaced || !(isIo ? command.IoSpace : command.MemorySpace) || !HandsOn(caller, above, first, last, isIo))
            {
                return false;
            }

            bridge = above.Parent;
        }

        return true;
    }

    private bool HandsOn(MediatorHost caller, in PciFunctionRecord bridge, ulong first, ulong last, bool isIo)
    {
        PciAddress address = new(bridge.Address);
        return bridge.ClassCode == SubtractiveBridge || (isIo
            ? PciBridgeWindow.Io(_configuration, caller, address).Holds(first, last)
            : PciBridgeWindow.Memory(_configuration, caller, address).Holds(first, last)
                || PciBridgeWindow.Prefetch(_configuration, caller, address).Holds(first, last));
    }
}
