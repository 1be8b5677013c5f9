using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Guest.Startup;
using Hypervisor.Core.Mediation;

namespace Hypervisor.Core.Host.Sleep;

/// <summary>
/// Sleep states (ACPI 6.5 §7.4.2, §16.1). In S3 memory alone keeps its contents: the firmware wakes the host at start-up code in a borrowed page below 1 MiB, the host takes
/// the processor over again, and the guest goes on where it asked the firmware to wake it (M23). All other processors are off and are taken over when the guest starts
/// them, as after boot.
/// </summary>
public static unsafe class SystemSleep
{
    /// <summary>How long the host waits for the machine to fall asleep: a good part of a second. Hardware takes milliseconds at most.</summary>
    private const int MaximumSleepPolls = 10_000_000;

    /// <summary>Whether the host can be woken: it needs a page below 1 MiB.</summary>
    public static bool CanWake(MachineData* machine) => machine->LowPage != 0;

    /// <summary>Called before the write that a mediator has announced as the entry into a sleep state.</summary>
    public static SleepState Prepare(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        SleepState state = processor->AnnouncedSleep;
        processor->AnnouncedSleep = default;
        Log.Begin(LogLevel.Information, processor->Index).Text(state == SleepState.Reset ? "the machine is being reset"u8 : "the machine enters S"u8)
            .Text(Digit(state)).End();
        MediatorLife.Sleep(processor, state);
        if (state == SleepState.S3 && machine->Sleep.HasWakingPoint)
        {
            ForgetLoadedTasks(machine);
            StartupPage.Borrow(machine);
            for (uint i = 0; i < machine->ProcessorCount; i++)
            {
                HostDescriptorTables.ReleaseTask(machine->Processors[i].Data);
            }

            machine->Sleep.Sleeper = processor;
            Instructions.WriteBackInvalidate();
        }

        return state;
    }

    /// <summary>Called behind that write. Where the machine is still awake after a while, the write did not mean what it seemed to.</summary>
    public static void Finish(ProcessorData* processor, SleepState state)
    {
        MachineData* machine = processor->Machine;
        for (int poll = 0; poll < MaximumSleepPolls && state != SleepState.S1; poll++)
        {
            Instructions.Pause();
        }

        if (machine->Sleep.Sleeper != null)
        {
            machine->Sleep.Sleeper = null;
            StartupPage.GiveBack(machine);
        }

        machine->Sleep.HasWakingPoint = false;
        Log.Write(LogLevel.Information, processor->Index, "the machine is awake"u8);
        MediatorLife.Resume(processor);
    }

    /// <summary>
    /// On the processor that the firmware has woken, on its own stack again, before its virtualisation extension is on: the machine is as after boot, but for its memory.
    /// </summary>
    /// <returns>Where the guest goes on.</returns>
    public static StartPoint Wake(ProcessorData* processor)
    {
        MachineData* machine = processor->Machine;
        StartupPage.GiveBack(machine);
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* other = machine->Processors[i].Data;
            if (other != processor)
            {
                uint starts = other->Startup.Starts;
                other->Startup = new StartupMailbox { Starts = starts };
            }
        }

        processor->Startup.Kick = 0;
        processor->Containment = 0;
        machine->ApicTrapWanted = machine->ProcessorCount > 1 ? ApicTrap.Wanted : 0;
        machine->ApicTrapBudget = 0;
        machine->Sleep.Sleeper = null;
        machine->Sleep.HasWakingPoint = false;
        machine->Sleep.Wakes++;
        SerialPort.Open(machine->SerialPort);
        Log.Begin(LogLevel.Information, processor->Index).Text("woken from S3, the "u8).Decimal(machine->Sleep.Wakes).Text(". time"u8).End();
        return machine->Sleep.WakingPoint;
    }

    /// <summary>Processors come into the host as if for the first time: LTR takes a task that is not busy (Intel SDM vol 2, LTR).</summary>
    private static void ForgetLoadedTasks(MachineData* machine)
    {
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            HostDescriptorTables.Initialize(machine->Processors[i].Data, machine->Idt);
        }
    }

    private static System.ReadOnlySpan<byte> Digit(SleepState state) => state switch
    {
        SleepState.S1 => "1"u8,
        SleepState.S2 => "2"u8,
        SleepState.S3 => "3"u8,
        SleepState.S4 => "4"u8,
        SleepState.S5 => "5"u8,
        _ => default,
    };
}
