using System;
using System.Collections.Generic;
using System.Linq;
using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Memory;
using Hypervisor.Core.Svm;

namespace Hypervisor.Tests.Models;

/// <summary>
/// Several processors with interrupts between them, in an interleaving drawn from a seed: firmware loops, the wait for SIPI, and guests that write their APIC
/// and the CMOS index. What the guest must never see is a failure: an INIT that reaches a processor with the host on it, an NMI nobody sent.
/// </summary>
internal sealed unsafe class StartupSimulation : IDisposable
{
    private const int PatienceInSteps = 60_000;
    private const int PatienceInHost = 100_000;

    private readonly SimulatedMachine _machine;
    private readonly DeterministicScheduler _scheduler;
    private readonly Hardware[] _hardware;
    private readonly byte[] _lowPage;

    internal StartupSimulation(int seed, int processors, bool x2Apic, int switchOneIn)
    {
        _machine = new SimulatedMachine(new MachineOptions { Processors = processors, X2Apic = x2Apic });
        _scheduler = new DeterministicScheduler(seed, switchOneIn) { Switched = index => Instructions.Processor = _machine.Processors[index] };
        _hardware = [.. Enumerable.Range(0, processors).Select(_ => new Hardware())];
        new Random(seed).NextBytes(new Span<byte>(_machine.Guest(SimulatedMachine.LowPage), 0x1000));
        _lowPage = LowPage();
        _machine.Machine->BootServicesExited = 1;
        _machine.Machine->OperatingSystemRuns = 1;
        _machine.Data->Startup.StartedByOs = 1;
        GuestCode.Write(_machine, [0x89, 0x0B]);
        _hardware[0].Place = Place.Host;
        for (int i = 0; i < processors; i++)
        {
            _machine.Processors[i].Boundary = _scheduler.Yield;
            _machine.Processors[i].Apic.Sent = Deliver;
            int index = i;
            _machine.Processors[i].Paused = pauses => CheckPatience(index, pauses);
        }
    }

    /// <summary>Where a processor is as far as the hardware is concerned.</summary>
    private enum Place
    {
        Firmware,
        WaitingForSipi,
        Host,
    }

    internal Random Random => _scheduler.Random;

    internal SimulatedMachine Machine => _machine;

    /// <summary>Runs <paramref name="guest"/> on processor 0 to its end; the others do what they are told.</summary>
    internal void Run(Action guest)
    {
        _scheduler.Add(() =>
        {
            guest();
            _scheduler.End();
        });
        for (int i = 1; i < _hardware.Length; i++)
        {
            int index = i;
            _scheduler.Add(() => RunApplicationProcessor(index));
        }

        _scheduler.Run();
    }

    /// <summary>Gives processor <paramref name="index"/>, which runs the guest, something to do.</summary>
    internal void Tell(int index, Action job) => _hardware[index].Jobs.Enqueue(job);

    internal bool IsIdle(int index) => _hardware[index].Jobs.Count == 0 && !_hardware[index].IsBusy;

    /// <summary>The guest on <paramref name="sender"/> chooses the shutdown code, as an operating system does before it starts a processor.</summary>
    internal void WriteCmos(int sender)
    {
        foreach ((ulong port, ulong value) in new[] { (0x70ul, 0x0Ful), (0x71ul, 0x0Aul) })
        {
            TakeInterrupts(sender);
            GuestState(sender);
            _machine.VmcbOf(sender)->Rax = value;
            Exit(sender, SvmExitCode.Io, (port << 16) | (1 << 4), _machine.VmcbOf(sender)->Rip + 2);
        }
    }

    /// <summary>The guest on <paramref name="sender"/> sends a command to <paramref name="target"/>.</summary>
    internal void Send(int sender, uint low, int target)
    {
        uint id = SimulatedMachine.ApicId(target);
        if (_machine.Options.X2Apic)
        {
            TakeInterrupts(sender);
            GuestState(sender);
            _machine.VmcbOf(sender)->Rax = low;
            _machine[sender]->Registers.Rdx = id;
            _machine[sender]->Registers.Rcx = Msr.X2ApicInterruptCommand;
            Exit(sender, SvmExitCode.Msr, 1, 0);
            return;
        }

        WriteApic(sender, SimulatedLocalApic.CommandHigh, id << 24);
        WriteApic(sender, SimulatedLocalApic.CommandLow, low);
    }

    /// <summary>The guest writes a register of its APIC page.</summary>
    internal void WriteApic(int index, uint offset, uint value)
    {
        Vmcb* vmcb = _machine.VmcbOf(index);
        Hardware hardware = _hardware[index];
        while (true)
        {
            TakeInterrupts(index);
            GuestState(index);
            hardware.CachedRights ??= _machine.Nested(SimulatedProcessor.ApicPage, index).Flags;
            if ((hardware.CachedRights & PageFlags.Writable) != 0)
            {
                _machine.Processors[index].Apic.Write(offset, value);
                return;
            }

            ulong rip = vmcb->Rip;
            _machine[index]->Registers.Rcx = value;
            Exit(index, SvmExitCode.NestedPageFault, 7, SimulatedProcessor.ApicPage + offset);
            if (vmcb->Rip != rip)
            {
                return;
            }
        }
    }

    /// <summary>Number of times the guest has begun on a processor, and at which vector last.</summary>
    internal (int Count, byte Vector) Started(int index) => (_hardware[index].Starts, _hardware[index].Vector);

    /// <summary>Waits until the guest on <paramref name="target"/> runs at <paramref name="vector"/>.</summary>
    internal void WaitFor(int waiter, int target, int startsBefore, byte vector)
    {
        for (int step = 0; step < PatienceInSteps; step++)
        {
            TakeInterrupts(waiter);
            Hardware hardware = _hardware[target];
            if (hardware.Starts > startsBefore && hardware.Vector == vector)
            {
                return;
            }

            _scheduler.Yield();
        }

        (int count, byte last) = Started(target);
        throw new InvalidOperationException(
            $"processor {target} was started at vector {vector:X2} and lost: {count - startsBefore} starts, the last at {last:X2}, "
            + $"request {_machine[target]->Startup.Request:X}, kick {_machine[target]->Startup.Kick}");
    }

    /// <summary>Lets others go on, and takes what comes.</summary>
    internal void Idle(int index)
    {
        TakeInterrupts(index);
        _scheduler.Yield();
    }

    internal void AssertLowPage()
    {
        if (!LowPage().AsSpan().SequenceEqual(_lowPage))
        {
            throw new InvalidOperationException("the borrowed page was not put back");
        }
    }

    public void Dispose() => _machine.Dispose();

    private byte[] LowPage() => new ReadOnlySpan<byte>(_machine.Guest(SimulatedMachine.LowPage), 0x1000).ToArray();

    private void RunApplicationProcessor(int index)
    {
        Hardware hardware = _hardware[index];
        while (true)
        {
            _scheduler.Yield();
            if (hardware.Place == Place.WaitingForSipi && hardware.Sipi is byte page)
            {
                Arrive(index, page);
            }
            else if (hardware.Place == Place.Host)
            {
                TakeInterrupts(index);
                if (hardware.Jobs.TryDequeue(out Action? job))
                {
                    hardware.IsBusy = true;
                    job();
                    hardware.IsBusy = false;
                }
                else if (Random.Next(8) == 0 && !_machine.Options.X2Apic)
                {
                    WriteApic(index, SimulatedLocalApic.EndOfInterrupt, 0);
                }
            }
        }
    }

    private void Arrive(int index, byte page)
    {
        byte* code = _machine.Guest((ulong)page << 12);
        if (!new ReadOnlySpan<byte>(code, 0x1000).SequenceEqual(new ReadOnlySpan<byte>((void*)_machine.Machine->TrampolineImage, 0x1000)))
        {
            throw new InvalidOperationException($"processor {index} begins at page {page:X2}, where the start-up code does not stand");
        }

        _hardware[index].Place = Place.Host;
        SvmStartup.Arrive(_machine[index]);
        Enter(index);
        NoteStart(index);
    }

    /// <summary>Interrupts come between instructions of the guest.</summary>
    private void TakeInterrupts(int index)
    {
        while (_machine.Processors[index].NmiPending)
        {
            uint inits = _machine[index]->Exits.Read(ExitCause.Init);
            Exit(index, SvmExitCode.Nmi, 0, 0);
            if (_machine[index]->Exits.Read(ExitCause.Init) != inits)
            {
                NoteStart(index);
            }
        }
    }

    private void NoteStart(int index)
    {
        _hardware[index].Starts++;
        _hardware[index].Vector = (byte)(_machine.VmcbOf(index)->Cs.Selector >> 8);
    }

    /// <summary>A processor in INIT may wait as long as it likes; one that polls for another must not run into its bound.</summary>
    private void CheckPatience(int index, int pauses)
    {
        if (pauses - _hardware[index].PausesBefore > PatienceInHost && _machine[index]->Startup.Request == 0)
        {
            string state = string.Join("; ", Enumerable.Range(0, _hardware.Length).Select(i =>
                $"{i}: request {_machine[i]->Startup.Request:X}, kick {_machine[i]->Startup.Kick}, NMI {_machine.Processors[i].NmiPending}, "
                + $"generation {_machine[i]->ApicWindow.Generation} of {_machine.Machine->ApicTrapGeneration}"));
            throw new InvalidOperationException($"processor {index} waits in the host for something that does not come: {state}");
        }
    }

    private void Exit(int index, SvmExitCode code, ulong info1, ulong info2)
    {
        _scheduler.Yield();
        _hardware[index].PausesBefore = _machine.Processors[index].Pauses;
        _machine.Exit(code, info1, info2, index);
        Enter(index);
    }

    /// <summary>VMRUN.</summary>
    private void Enter(int index)
    {
        Vmcb* vmcb = _machine.VmcbOf(index);
        if (vmcb->TlbControl == SvmTlbControl.FlushAll)
        {
            _hardware[index].CachedRights = null;
        }

        if (vmcb->EventInjection != 0)
        {
            throw new InvalidOperationException($"the guest on processor {index} receives event {vmcb->EventInjection:X} that nobody sent");
        }
    }

    /// <summary>Code for the store that the exit decodes; a processor fresh from SIPI runs in real mode.</summary>
    private void GuestState(int index)
    {
        Vmcb* vmcb = _machine.VmcbOf(index);
        if (index != 0)
        {
            // MOV [EBX], ECX in 16-bit code.
            byte* at = _machine.Guest((vmcb->Cs.Base + vmcb->Rip) & 0xFFFF_FFFF);
            if ((vmcb->Cs.Base & ~0xFFFul) == SimulatedMachine.LowPage)
            {
                throw new InvalidOperationException("a vector in the borrowed page");
            }

            new byte[] { 0x67, 0x66, 0x89, 0x0B }.CopyTo(new Span<byte>(at, 4));
            return;
        }

        vmcb->Rip = SimulatedMachine.GuestRip;
    }

    /// <summary>The interrupt bus.</summary>
    private void Deliver(ApicCommand command)
    {
        int target = Enumerable.Range(0, _hardware.Length).FirstOrDefault(i => SimulatedMachine.ApicId(i) == command.Destination, -1);
        if (target < 0)
        {
            return;
        }

        Hardware hardware = _hardware[target];
        if (command.IsNmi)
        {
            _machine.Processors[target].NmiPending |= hardware.Place == Place.Host;
        }
        else if (command.IsInit)
        {
            if (hardware.Place == Place.Host)
            {
                throw new InvalidOperationException($"INIT reached processor {target}, on which the host runs");
            }

            hardware.Place = Place.WaitingForSipi;
            hardware.Sipi = null;
        }
        else if (command.IsStartup && hardware.Place == Place.WaitingForSipi)
        {
            hardware.Sipi ??= command.Vector;
        }
    }

    private sealed class Hardware
    {
        internal Place Place { get; set; }

        internal byte? Sipi { get; set; }

        internal int Starts { get; set; }

        internal byte Vector { get; set; }

        /// <summary>What the processor's translation cache knows of the APIC page.</summary>
        internal PageFlags? CachedRights { get; set; }

        internal Queue<Action> Jobs { get; } = new();

        internal bool IsBusy { get; set; }

        internal int PausesBefore { get; set; }
    }
}
