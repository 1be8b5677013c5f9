using Hypervisor.Core.Cpu;
using Hypervisor.Core.Host;

namespace Hypervisor.Core.Mediation;

/// <summary>
/// A lock for what a mediator shares with calls that do not come through its own doorways, such as services it offers to other mediators. A call that fails while it
/// holds one gives it back (M5), as does one that forgets to.
/// </summary>
/// <remarks>Whoever waits follows the changes of others, because the one inside may wait for them. While one is held no other mediator may be called.</remarks>
public sealed unsafe class HostLock
{
    private readonly int _number;
    private MediatorHost? _owner;

    /// <summary>A lock.</summary>
    /// <param name="number">Which one of its mediator's: 0 to 3.</param>
    public HostLock(int number)
    {
        _number = number & (MediatorRecord.MaximumLocks - 1);
    }

    /// <summary>Whether it can be used.</summary>
    public bool IsOpen => _owner != null;

    /// <summary>Gives the lock to a mediator, whose number finds it.</summary>
    public void Open(MediatorHost owner) => _owner = owner;

    /// <summary>Waits for the lock and takes it.</summary>
    /// <param name="caller">The host of the mediator that is inside.</param>
    public void Enter(MediatorHost caller)
    {
        ProcessorData* processor = caller.Processor;
        ulong bit = Bit;
        if ((processor->HeldLocks & bit) != 0)
        {
            FailFast.Stop("a lock is taken twice"u8);
        }

        uint* word = Word(processor);
        while (Instructions.CompareExchange(word, 1, 0) != 0)
        {
            Virtualization.Follow(processor);
            Instructions.Pause();
        }

        processor->HeldLocks |= bit;
    }

    /// <summary>Gives the lock back.</summary>
    /// <param name="caller">As for <see cref="Enter"/>.</param>
    public void Leave(MediatorHost caller)
    {
        ProcessorData* processor = caller.Processor;
        processor->HeldLocks &= ~Bit;
        Instructions.Exchange(Word(processor), 0);
    }

    /// <summary>Gives back what a call has taken and not given back.</summary>
    /// <param name="processor">The processor.</param>
    /// <param name="before">What it held when the call began.</param>
    internal static void LeaveSince(ProcessorData* processor, ulong before)
    {
        for (int i = 0; i < Traps.TrapTables.MaximumMediators * MediatorRecord.MaximumLocks; i++)
        {
            if (((processor->HeldLocks & ~before) >> i & 1) != 0)
            {
                MediatorRecord* record = processor->Machine->Traps->Mediators + (i / MediatorRecord.MaximumLocks);
                Instructions.Exchange(&record->Locks[i % MediatorRecord.MaximumLocks], 0);
            }
        }

        processor->HeldLocks = before;
    }

    private ulong Bit => 1UL << ((_owner!.Number * MediatorRecord.MaximumLocks) + _number);

    private uint* Word(ProcessorData* processor) => &(processor->Machine->Traps->Mediators + _owner!.Number)->Locks[_number];
}
