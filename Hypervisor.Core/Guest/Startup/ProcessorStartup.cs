using Hypervisor.Core.Cpu;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Host;
using Hypervisor.Core.Traps;

namespace Hypervisor.Core.Guest.Startup;

/// <summary>
/// INIT and SIPI. Both are swallowed where the guest writes its interrupt command register. The first ones for a processor take it over from the
/// firmware; later ones are left in its <see cref="StartupMailbox"/>, and a non-maskable interrupt brings it out of the guest to look.
/// </summary>
public static unsafe class ProcessorStartup
{
    private const int MaximumArrivalPolls = 20_000_000;
    private const int PollsUntilSecondStartup = 200_000;
    private const int MaximumLockPolls = 100_000_000;
    private const int LowPageShift = 12;

    /// <summary>Judges a command the guest is about to send.</summary>
    /// <returns>True when it goes to the hardware as it is; false when it is an INIT or SIPI and has been dealt with.</returns>
    public static bool Send(ProcessorData* sender, InterruptCommand command)
    {
        if (sender->Machine->Traps->InterruptCommands != 0 && !InterruptCommandTraps.Pass(sender, command))
        {
            return false;
        }

        if (!command.IsInit && !command.IsStartup)
        {
            // INIT de-assert does nothing but on processors older than any with this extension (Intel SDM vol 3 §10.6.1).
            return !command.IsInitDeassert;
        }

        MachineData* machine = sender->Machine;
        bool anyone = false;
        bool started = false;
        for (uint i = 0; i < machine->ProcessorCount; i++)
        {
            ProcessorData* target = machine->Processors[i].Data;
            LocalApicIdentity identity = command.IsX2Apic
                ? LocalApicIdentity.X2Apic(target->ApicId)
                : LocalApicIdentity.XApic((byte)target->ApicId, target->ApicWindow.LogicalDestination, target->ApicWindow.DestinationFormat);
            if (!InterruptCommandTarget.Matches(command, (int)sender->Index, (int)i, identity))
            {
                continue;
            }

            anyone = true;
            if (command.IsInit)
            {
                SendInit(target);
            }
            else
            {
                started |= SendStartup(sender, target, command.Vector);
            }
        }

        if (started)
        {
            ApicTrap.StartSent(machine);
        }

        if (!anyone)
        {
            Log.Begin(LogLevel.Warning, sender->Index).Text("start-up: no processor answers to interrupt command "u8).Hex(command.Value)
                .Text("; swallowed"u8).End();
        }

        return false;
    }

    /// <summary>Brings a processor out of the guest to look at its mailbox and at the trap's generation. It cannot be missed: the flag is set first.</summary>
    public static void Kick(ProcessorData* target)
    {
        if (Instructions.Exchange(&target->Startup.Kick, 1) == 0)
        {
            LocalApic.SendNmi(target->ApicId);
        }
    }

    /// <summary>Whether the host is on a processor, and the guest executes there.</summary>
    public static bool Runs(ProcessorData* processor) =>
        Read(&processor->Startup.TakenOver) != 0
        && Read(&processor->Startup.WaitsForSipi) == 0
        && !new StartupRequest(Read(&processor->Startup.Request)).IsInit;

    /// <summary>On a processor that was told INIT: waits until another one sends SIPI.</summary>
    /// <returns>The vector.</returns>
    public static byte WaitForStartup(ProcessorData* processor)
    {
        while (true)
        {
            StartupRequest request = new(Read(&processor->Startup.Request));
            if (request.HasSipi
                && Instructions.CompareExchange(&processor->Startup.Request, StartupRequest.None.Value, request.Value) == request.Value)
            {
                return request.Vector;
            }

            Instructions.Pause();
        }
    }

    private static void SendInit(ProcessorData* target)
    {
        uint before = Instructions.Exchange(&target->Startup.Request, StartupRequest.Init.Value);
        if (target->Startup.TakenOver == 0)
        {
            // It still runs the firmware's waiting loop, without the host under it. From here on it waits for SIPI in hardware.
            LocalApic.SendInit(target->ApicId);
        }
        else if (!new StartupRequest(before).IsInit)
        {
            Kick(target);
        }
    }

    /// <returns>Whether it was waiting for it.</returns>
    private static bool SendStartup(ProcessorData* sender, ProcessorData* target, byte vector)
    {
        // A SIPI for a processor that is not waiting is dropped (Intel SDM vol 3 §8.4.4.1): the second one of every start is.
        uint waiting = StartupRequest.Init.Value;
        if (Instructions.CompareExchange(&target->Startup.Request, StartupRequest.Sipi(vector).Value, waiting) != waiting)
        {
            return false;
        }

        if (target->Startup.TakenOver == 0)
        {
            TakeOver(sender, target);
        }

        ApicTrap.ProcessorStarted(target);
        return true;
    }

    /// <summary>
    /// Starts the host on a processor that waits for SIPI. The start-up code needs a page below 1 MiB: one of the guest's is borrowed and put back before
    /// the processor goes on.
    /// </summary>
    private static void TakeOver(ProcessorData* sender, ProcessorData* target)
    {
        MachineData* machine = sender->Machine;
        for (int i = 0; i < MaximumLockPolls && Instructions.CompareExchange(&machine->StartupLock, 1, 0) != 0; i++)
        {
            Instructions.Pause();
        }

        StartupPage.Borrow(machine);
        byte vector = (byte)(machine->LowPage >> LowPageShift);
        LocalApic.SendStartup(target->ApicId, vector);
        for (int poll = 0; poll < MaximumArrivalPolls && Read(&target->Startup.TakenOver) == 0; poll++)
        {
            if (poll == PollsUntilSecondStartup)
            {
                LocalApic.SendStartup(target->ApicId, vector);
            }

            Instructions.Pause();
        }

        StartupPage.GiveBack(machine);
        if (Read(&target->Startup.TakenOver) == 0)
        {
            Log.Begin(LogLevel.Error, sender->Index).Text("start-up: processor with APIC ID "u8).Hex(target->ApicId)
                .Text(" did not arrive in the host"u8).End();
        }

        Instructions.Exchange(&machine->StartupLock, 0);
    }

    /// <summary>A read another processor's write is waited for with: the call keeps the compiler from doing it only once.</summary>
    private static uint Read(uint* word) => Instructions.ReadMmio32((ulong)word);
}
