using Hypervisor.Core.Mediation;

namespace Hypervisor.Devices.Pci;

/// <summary>
/// Keeps claims of memory and ports where base address registers point (M42, M73). A claim that only watches is in force while its mediator wants it, the register holds an address, the space is
/// switched on, and every bridge on the way hands it on. A strict one (<see cref="MemoryForm.IsStrict"/>; its word counts for ports as well) is in force wherever the register points, and before it
/// does, so that there is no moment in which the function answers and nobody is asked; where it cannot be made, the function is kept from answering (<see cref="PciSpaceGuard"/>).
/// </summary>
internal sealed class PciBarClaims
{
    private const int ClaimsLock = 1;

    private readonly HostLock _lock = new(ClaimsLock);
    private readonly PciConfiguration _configuration;
    private readonly PciFunctions _functions;
    private readonly PciRoute _route;
    private readonly PciSpaceGuard _guard;
    private int _obstructed;

    internal PciBarClaims(PciConfiguration configuration, PciFunctions functions)
    {
        _configuration = configuration;
        _functions = functions;
        _route = new PciRoute(configuration, functions);
        _guard = new PciSpaceGuard(configuration, Bars);
    }

    internal PciBars Bars { get; } = new();

    /// <summary>Whether there is a claim that could not be made, and may be possible once another one is given back.</summary>
    internal bool IsObstructed => _obstructed != 0;

    internal void Open(MediatorHost owner)
    {
        _lock.Open(owner);
        Bars.Clear();
        _obstructed = 0;
    }

    /// <summary>A mediator wants a register's range to be claimed, or no longer.</summary>
    /// <returns>False where there is no such register.</returns>
    internal bool Want(MediatorHost caller, int function, int index, int mediator, uint tag, bool wanted, MemoryForm form)
    {
        ref PciFunctionRecord record = ref _functions[function];
        if (!record.IsUsed || (uint)index >= PciBars.PerFunction)
        {
            return false;
        }

        if (record.Bars < 0)
        {
            if (wanted && form.IsStrict)
            {
                Shut(caller, function);
            }

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
        Enforce(caller, ref record);
        bool exists = bar.Size != 0;
        _lock.Leave(caller);
        return exists;
    }

    /// <summary>A function whose registers cannot be followed, but should be, answers nowhere.</summary>
    internal void Shut(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        record.IsShut = true;
        Enforce(caller, ref record);
        _lock.Leave(caller);
    }

    /// <summary>Whether anything is claimed strictly of a function.</summary>
    internal bool IsStrict(int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        bool strict = record.IsShut;
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            strict |= Bars[record.Bars, i].IsStrict;
        }

        return strict;
    }

    /// <summary>
    /// The guest is about to write to a function: strict claims are made where it will answer then. What it must not switch on yet is taken out of what is written.
    /// </summary>
    internal void Prepare(MediatorHost caller, int function, ref PciGuestAccess access)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            ref PciBar bar = ref Bars[record.Bars, i];
            if (bar.IsStrict && bar.IsTouched(access))
            {
                Foresee(caller, record, ref bar, access);
            }
            else if (bar.Problem != ClaimProblem.None && access.Touches(PciRegister.Command, sizeof(ushort)))
            {
                Settle(caller, record, ref bar); // what was in the way may have gone
            }
        }

        Enforce(caller, ref record);
        _guard.Filter(caller, ref record, ref access);
        _lock.Leave(caller);
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
    /// <param name="isSizing">
    /// Whether the guest has just asked for its size. Only a claim of memory that watches may go by that: for all others the register holds what was written, and the function may answer there.
    /// </param>
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
        bar.IsSizing = isSizing && !bar.IsIo && !bar.IsStrict;
        if (!bar.IsSizing)
        {
            PciLayout.ReadAddress(_configuration, caller, new PciAddress(record.Address), ref bar);
        }

        Settle(caller, record, ref bar);
        Enforce(caller, ref record);
        bool moved = bar.Address != before || (bar.Kind == PciBarKind.Rom && bar.IsEnabled != wasEnabled);
        _lock.Leave(caller);
        return moved;
    }

    /// <summary>
    /// The function has been reset: its registers hold nothing. Strict claims stay until that is seen: not every function that is told to resets itself.
    /// </summary>
    internal void Reset(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        record.Command = 0;
        record.Withheld = PciSpaces.None;
        for (int i = 0; i < PciBars.PerFunction; i++)
        {
            ref PciBar bar = ref Bars[record.Bars, i];
            bar.Address = bar.IsStrict ? bar.Address : 0;
            Settle(caller, record, ref bar);
        }

        _lock.Leave(caller);
    }

    /// <summary>Moves the claims of a function to where they belong.</summary>
    internal void Settle(MediatorHost caller, int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        _lock.Enter(caller);
        SettleRegisters(caller, record, onlyFollowing: false);
        Enforce(caller, ref record);
        _lock.Leave(caller);
    }

    /// <summary>Whether a claim of a function is obstructed.</summary>
    internal bool IsFunctionObstructed(int function)
    {
        ref PciFunctionRecord record = ref _functions[function];
        bool any = false;
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            any |= Bars[record.Bars, i].IsObstructed;
        }

        return any;
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
            Note(ref bar, ClaimProblem.None);
            bar = default;
        }

        Bars.Give(record.Bars);
        record.Bars = -1;
        _lock.Leave(caller);
    }

    /// <summary>Claims what a register will point to, beside what it points to now.</summary>
    private void Foresee(MediatorHost caller, in PciFunctionRecord record, ref PciBar bar, in PciGuestAccess access)
    {
        PciBarPlace place = PciLayout.Foresee(_configuration, caller, new PciAddress(record.Address), bar, access);
        if (!NeedsClaim(caller, record, bar, place.Address, place.IsEnabled) || (bar.IsClaimed && bar.ClaimedFirst == place.Address))
        {
            return;
        }

        ClaimProblem problem = Claim(caller, bar, place.Address);
        bar.HasNext = problem == ClaimProblem.None;
        bar.NextFirst = place.Address;
        if (problem != ClaimProblem.None)
        {
            Note(ref bar, problem);
        }
    }

    /// <summary>What must not answer is switched off, what may come on again: other registers of the function follow.</summary>
    private void Enforce(MediatorHost caller, ref PciFunctionRecord record)
    {
        if (_guard.HasSwitched(caller, ref record))
        {
            SettleRegisters(caller, record, onlyFollowing: true);
        }
    }

    /// <param name="caller">Who runs.</param>
    /// <param name="record">The function.</param>
    /// <param name="onlyFollowing">Not those that are about to be written, nor those because of which something was switched off.</param>
    private void SettleRegisters(MediatorHost caller, in PciFunctionRecord record, bool onlyFollowing)
    {
        for (int i = 0; i < PciBars.PerFunction && record.Bars >= 0; i++)
        {
            ref PciBar bar = ref Bars[record.Bars, i];
            if (!onlyFollowing || !(bar.HasNext || bar.IsBarred))
            {
                Settle(caller, record, ref bar);
            }
        }
    }

    /// <summary>Moves a claim to where the register points. The new one is made first: the function answers there already.</summary>
    private void Settle(MediatorHost caller, in PciFunctionRecord record, ref PciBar bar)
    {
        bar.Answers = Answers(caller, record, bar);
        bool needs = bar.IsStrict ? NeedsClaim(caller, record, bar, bar.Address, bar.IsEnabled) : bar.IsWanted && bar.Answers && caller.HasClaims(bar.Mediator);
        bool isThere = bar.IsClaimed && bar.ClaimedFirst == bar.Address;
        bool isForeseen = bar.HasNext && bar.NextFirst == bar.Address;
        ClaimProblem problem = !needs || isThere || isForeseen ? ClaimProblem.None : Claim(caller, bar, bar.Address);
        if (bar.HasNext && !(needs && isForeseen))
        {
            ReleaseAt(caller, bar, bar.NextFirst);
        }

        if (bar.IsClaimed && !(needs && isThere))
        {
            ReleaseAt(caller, bar, bar.ClaimedFirst);
        }

        bar.HasNext = false;
        bar.IsClaimed = needs && problem == ClaimProblem.None;
        bar.ClaimedFirst = bar.Address;
        Note(ref bar, problem);
        if (problem != ClaimProblem.None && !bar.IsStrict)
        {
            _guard.Complain(caller, record, ref bar);
        }
    }

    private void Note(ref PciBar bar, ClaimProblem problem)
    {
        int before = bar.IsObstructed ? 1 : 0;
        bar.Problem = problem;
        _obstructed += (bar.IsObstructed ? 1 : 0) - before;
    }

    private static ClaimProblem Claim(MediatorHost caller, in PciBar bar, ulong first)
    {
        ulong last = first + bar.Size - 1;
        return first == 0 ? ClaimProblem.NoAddress
            : bar.IsIo ? caller.ClaimPortsFor(bar.Mediator, (ushort)first, (ushort)last, bar.Tag)
            : caller.ClaimMemoryFor(bar.Mediator, first, last, bar.Tag, bar.Form);
    }

    private static void Release(MediatorHost caller, ref PciBar bar)
    {
        if (bar.IsClaimed)
        {
            ReleaseAt(caller, bar, bar.ClaimedFirst);
        }

        bar.IsClaimed = false;
    }

    private static void ReleaseAt(MediatorHost caller, in PciBar bar, ulong first)
    {
        ulong last = first + bar.Size - 1;
        if (bar.IsIo)
        {
            caller.ReleasePortsOf(bar.Mediator, (ushort)first, (ushort)last);
        }
        else
        {
            caller.ReleaseMemoryOf(bar.Mediator, first, last);
        }
    }

    /// <summary>
    /// Whether a strict claim must be in force where a register points, or will: also while the space or a bridge is off, which the guest can switch on from another processor at any moment. Not where
    /// no port is, and not while the guest cannot switch it on, because the function is hidden.
    /// </summary>
    private static bool NeedsClaim(MediatorHost caller, in PciFunctionRecord record, in PciBar bar, ulong address, bool isEnabled)
    {
        bool guestsOrUnseen = (record.Watch & PciWatch.Hidden) == 0 || record.IsStale;
        PciSpaces on = guestsOrUnseen ? PciSpaces.All : new PciCommand(record.Command).Spaces | record.Withheld;
        return bar.IsStrict && (on & bar.Space) != PciSpaces.None && (!bar.IsIo || address + bar.Size - 1 <= ushort.MaxValue)
            && (bar.Kind != PciBarKind.Rom || isEnabled) && caller.HasClaims(bar.Mediator);
    }

    /// <summary>Whether the function answers where a register points.</summary>
    private bool Answers(MediatorHost caller, in PciFunctionRecord record, in PciBar bar)
    {
        ulong last = bar.Address + bar.Size - 1;
        return bar.Size != 0 && bar.Address != 0 && last > bar.Address && !bar.IsSizing && record.IsPlaced
            && (new PciCommand(record.Command).Spaces & bar.Space) != PciSpaces.None && (!bar.IsIo || last <= ushort.MaxValue)
            && (bar.Kind != PciBarKind.Rom || bar.IsEnabled) && _route.Reaches(caller, record, bar.Address, last, bar.IsIo);
    }
}
