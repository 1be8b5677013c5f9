using System;
using System.Collections.Generic;
using System.Linq;
using System.Security.Cryptography;
using System.Text;
using Hypervisor.Core.Configuration;
using Hypervisor.Core.Diagnostics;
using Hypervisor.Core.Svm;
using Hypervisor.Tests.Models;
using Hypervisor.Tests.Unit.Records;
using Xunit;

namespace Hypervisor.Tests.Unit.Diagnostics;

public sealed unsafe class HypercallAccessTests : IDisposable
{
    private const string Secret = "correct horse battery";
    private const ulong Rip = 0x40_1000;

    private static readonly Guid _guid = new("11223344-5566-7788-99AA-BBCCDDEEFF00");
    private static readonly byte[] _data = [.. Enumerable.Range(0, 131).Select(i => (byte)(i ^ 0x55))];

    private readonly SimulatedMachine _machine = new(new MachineOptions
    {
        Host = With(Secret),
        Records = RecordTable.Write((Guid.Empty, []), (_guid, _data)),
    });

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Whoever_knows_the_secret_gets_a_number_and_answers()
    {
        ulong number = Challenge(Secret)!.Value;
        ulong[] answer = Ask(Secret, HypercallFunction.Status, 0, 0, number)!;
        Assert.Equal((ulong)HypercallStatusPage.Count, answer[0]);
        Assert.Equal(ProductVersion.Packed, answer[1]);
        Assert.Equal(_machine.Machine->BootId, answer[2]);
        Assert.Equal(1ul | (2ul << 32), answer[3]);
        Assert.Equal((_machine.Machine->RegionBase, _machine.Machine->RegionSize), (answer[4], answer[5]));

        // One number serves one call; the next call's is the next.
        Assert.Null(Ask(Secret, HypercallFunction.Status, 0, 0, number));
        Assert.NotNull(Ask(Secret, HypercallFunction.Status, 1, 0, number + 1));
        Assert.Equal(number + 2, Challenge(Secret));
    }

    [Fact]
    public void An_answer_cannot_be_had_by_replaying_a_call_or_changing_it()
    {
        ulong number = Challenge(Secret)!.Value;
        (ulong low, ulong high) = Code(Secret, HypercallFunction.LogRead, 0, 0, number);
        Assert.NotNull(Call(HypercallFunction.LogRead, 0, 0, low, high));
        Assert.Null(Call(HypercallFunction.LogRead, 0, 0, low, high));
        (low, high) = Code(Secret, HypercallFunction.LogRead, 0, 0, number + 1);
        Assert.Null(Call(HypercallFunction.Status, 0, 0, low, high));
        Assert.Null(Call(HypercallFunction.LogRead, 1, 0, low, high));
        Assert.Null(Call(HypercallFunction.LogRead, 0, 1, low, high));
        Assert.Null(Call(HypercallFunction.LogRead, 0, 0, low ^ 1, high));
        Assert.Null(Call(HypercallFunction.LogRead, 0, 0, low, high ^ (1ul << 63)));
        Assert.NotNull(Call(HypercallFunction.LogRead, 0, 0, low, high));
    }

    [Fact]
    public void The_number_belongs_to_one_processor()
    {
        _machine.TakeOver(1);
        ulong first = Challenge(Secret)!.Value;
        Assert.NotEqual(first, _machine[1]->HypercallNumber);
    }

    [Theory]
    [InlineData("Correct horse battery")]
    [InlineData("correct horse batter")]
    [InlineData("")]
    public void Whoever_does_not_know_it_finds_an_undefined_instruction(string secret)
    {
        Assert.Null(Challenge(secret));
        foreach (HypercallFunction function in Enum.GetValues<HypercallFunction>().Where(f => f >= HypercallFunction.FirstAuthenticated))
        {
            Assert.Null(Ask(secret, function, 0, 0, _machine.Data->HypercallNumber));
        }
    }

    [Fact]
    public void Without_a_secret_in_the_configuration_nobody_is_answered()
    {
        using SimulatedMachine machine = new(new MachineOptions { RegionBase = 0x6000_0000 });
        Assert.False(machine.Machine->Key.IsSet);
        (ulong low, ulong high) = CodeFor(new byte[32], HypercallFunction.Challenge, 0, 0, 0);
        Assert.Null(Call(machine, HypercallFunction.Challenge, low, high, 0, 0));
        (low, high) = CodeFor(new byte[32], HypercallFunction.Status, 0, 0, machine.Data->HypercallNumber);
        Assert.Null(Call(machine, HypercallFunction.Status, 0, 0, low, high));
    }

    [Fact]
    public void Wrong_codes_are_counted_and_the_log_speaks_of_them_ever_more_rarely()
    {
        for (int i = 1; i <= 40; i++)
        {
            Assert.Null(Challenge("nonsense"));
            Assert.Equal((uint)i, _machine.Machine->RefusedCalls);
        }

        string[] lines = [.. Text(_machine.LogText()).Split('\n').Where(l => l.Contains("with a wrong code", StringComparison.Ordinal))];
        Assert.Equal(["8", "16", "32"], lines.Select(l => l.Split(" W ")[1].Split(' ')[0]));
        Assert.NotNull(Challenge(Secret));
    }

    [Fact]
    public void The_log_comes_in_pieces_to_its_end()
    {
        StringBuilder text = new();
        ulong position = 0;
        ulong[] answer;
        while ((answer = Ask(Secret, HypercallFunction.LogRead, position, 0)!)[0] != 0)
        {
            text.Append(Encoding.ASCII.GetString(Bytes(answer, 2))[..(int)answer[0]]);
            Assert.True(answer[1] > position);
            position = answer[1];
        }

        Assert.Contains("AMD-V, 2 processors", text.ToString(), StringComparison.Ordinal);
        Assert.EndsWith("\n", text.ToString(), StringComparison.Ordinal);
        Assert.Equal(position, Ask(Secret, HypercallFunction.Status, 1, 0)![6]);
        Assert.Equal(0ul, Ask(Secret, HypercallFunction.LogRead, ulong.MaxValue, 0)![0]);
    }

    [Fact]
    public void Exits_and_processors_are_told()
    {
        _machine.Exit(SvmExitCode.VmLoad);
        _machine.Exit(SvmExitCode.VmLoad);
        ulong cause = (ulong)ExitCause.VirtualizationInstruction;
        Assert.Equal(2ul, Ask(Secret, HypercallFunction.Exits, 0, cause)![1]);
        Assert.Equal(2ul, Ask(Secret, HypercallFunction.Exits, 0, cause - 3)![4]);
        Assert.Equal((ulong)ExitCause.Last, Ask(Secret, HypercallFunction.Exits, 0, (ulong)ExitCause.Last - 1)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.Exits, 0, (ulong)ExitCause.Last)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.Exits, 2, 0)![0]);
        _machine[1]->Startup.Starts = 7;
        Assert.Equal([2ul, SimulatedMachine.ApicId(1), 7], Ask(Secret, HypercallFunction.Processor, 1, 0)![..3]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.Processor, 2, 0)![0]);
    }

    [Fact]
    public void Records_come_back_as_they_were_handed_over()
    {
        Assert.Equal(2ul, Ask(Secret, HypercallFunction.RecordCount, 0, 0)![0]);
        ulong[] header = Ask(Secret, HypercallFunction.RecordHeader, 1, 0)!;
        Assert.Equal((ulong)_data.Length, header[0]);
        Assert.Equal(_guid, new Guid(Bytes(header, 1).AsSpan(0, 16)));
        List<byte> data = [];
        ulong[] answer;
        while ((answer = Ask(Secret, HypercallFunction.RecordRead, 1, (ulong)data.Count)!)[0] != 0)
        {
            data.AddRange(Bytes(answer, 1).Take((int)answer[0]));
        }

        Assert.Equal(_data, data);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.RecordRead, 1, (ulong)_data.Length + 1)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.RecordRead, 1, ulong.MaxValue)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.RecordHeader, 2, 0)![0]);
    }

    [Fact]
    public void There_are_no_mediators_yet()
    {
        Assert.Equal([0ul, 0ul], Ask(Secret, HypercallFunction.MediatorCount, 0, 0)![..2]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.MediatorName, 0, 0)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.MediatorState, 0, 0)![0]);
        Assert.Equal(HypercallProtocol.NoSuchItem, Ask(Secret, HypercallFunction.MediatorCounter, 0, 0)![0]);
    }

    [Fact]
    public void Random_calls_with_the_right_code_never_fault()
    {
        Random random = new(6);
        for (int round = 0; round < Fuzz.Rounds(3_000); round++)
        {
            ulong function = (ulong)random.Next(16, 32);
            ulong first = random.Next(2) == 0 ? (ulong)random.Next(80) : (ulong)random.NextInt64() << random.Next(2);
            ulong second = random.Next(2) == 0 ? (ulong)random.Next(200) : (ulong)random.NextInt64() << random.Next(2);
            bool known = Enum.IsDefined((HypercallFunction)function);
            Assert.Equal(known, Ask(Secret, (HypercallFunction)function, first, second) is not null);
        }
    }

    [Fact]
    public void Every_cause_has_its_name()
    {
        for (ExitCause cause = 0; cause < ExitCause.Last; cause++)
        {
            Assert.Equal(Enum.GetName(cause), Encoding.ASCII.GetString(ExitCauseName.Of(cause)));
        }

        Assert.True(ExitCauseName.Of(ExitCause.Last).IsEmpty);
    }

    [Fact]
    public void The_version_is_that_of_the_product()
    {
        Version version = typeof(ProductVersion).Assembly.GetName().Version!;
        Assert.Equal((version.Major, version.Minor, version.Build), ((int)ProductVersion.Major, (int)ProductVersion.Minor, (int)ProductVersion.Patch));
    }

    private static HostOptions With(string secret)
    {
        HostOptions options = default;
        options.Key.Derive(Encoding.UTF8.GetBytes(secret));
        return options;
    }

    private static string Text(string log) => log.Replace("\0", string.Empty, StringComparison.Ordinal);

    private static byte[] Bytes(ulong[] answer, int first) => [.. answer.Skip(first).SelectMany(BitConverter.GetBytes)];

    private static (ulong Low, ulong High) Code(string secret, HypercallFunction function, ulong first, ulong second, ulong number) =>
        CodeFor(SHA256.HashData(Encoding.UTF8.GetBytes(secret)), function, first, second, number);

    /// <summary>The code by the words of the documentation.</summary>
    private static (ulong Low, ulong High) CodeFor(byte[] key, HypercallFunction function, ulong first, ulong second, ulong number)
    {
        byte[] message = [.. "hv-call\0"u8, .. BitConverter.GetBytes((ulong)function), .. BitConverter.GetBytes(first), .. BitConverter.GetBytes(second),
            .. BitConverter.GetBytes(number)];
        byte[] code = HMACSHA256.HashData(key, message);
        return (BitConverter.ToUInt64(code, 0), BitConverter.ToUInt64(code, 8));
    }

    private ulong? Challenge(string secret)
    {
        (ulong low, ulong high) = Code(secret, HypercallFunction.Challenge, 0, 0, 0);
        ulong[]? answer = Call(HypercallFunction.Challenge, low, high, 0, 0);
        Assert.True(answer is null || answer[0] == HypercallProtocol.ChallengeAnswer);
        return answer?[2];
    }

    private ulong[]? Ask(string secret, HypercallFunction function, ulong first, ulong second, ulong? number = null)
    {
        (ulong low, ulong high) = Code(secret, function, first, second, number ?? _machine.Data->HypercallNumber);
        return Call(function, first, second, low, high);
    }

    private ulong[]? Call(HypercallFunction function, ulong first, ulong second, ulong low, ulong high) =>
        Call(_machine, function, first, second, low, high);

    private static ulong[]? Call(SimulatedMachine machine, HypercallFunction function, ulong first, ulong second, ulong low, ulong high)
    {
        machine.Vmcb->Rax = HypercallProtocol.Signature;
        machine.Vmcb->Rip = Rip;
        machine.Vmcb->NextRip = Rip + 3;
        machine.Vmcb->Cpl = 3;
        machine.Vmcb->Cs.Attributes = 0xA9B;
        machine.Vmcb->EventInjection = 0;
        machine.Data->Registers.Rcx = (ulong)function;
        machine.Data->Registers.Rdx = first;
        machine.Data->Registers.R8 = second;
        machine.Data->Registers.R9 = low;
        machine.Data->Registers.R10 = high;
        machine.Data->Registers.R11 = 0x11;
        machine.Exit(SvmExitCode.VmmCall);
        if (machine.Vmcb->Rip == Rip)
        {
            Assert.NotEqual(0ul, machine.Vmcb->EventInjection);
            Assert.Equal(
                (HypercallProtocol.Signature, (ulong)function, first, second, low, high, 0x11ul),
                (machine.Vmcb->Rax, machine.Data->Registers.Rcx, machine.Data->Registers.Rdx, machine.Data->Registers.R8,
                    machine.Data->Registers.R9, machine.Data->Registers.R10, machine.Data->Registers.R11));
            return null;
        }

        Assert.Equal(0ul, machine.Vmcb->EventInjection);
        return [machine.Vmcb->Rax, machine.Data->Registers.Rcx, machine.Data->Registers.Rdx, machine.Data->Registers.R8, machine.Data->Registers.R9,
            machine.Data->Registers.R10, machine.Data->Registers.R11];
    }
}
